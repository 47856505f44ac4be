/** Share of the last events of a source beyond which its streams are read before they are written to. */
const OFTEN = 1 / 8;
/** How much one event counts: the last dozen make the picture. */
const WEIGHT = 1 / 12;
/** Sources held; a hub has tens. */
const SOURCES = 1_000;

/**
 * Guesses by source whether an interaction that is not remembered has a stream already. Mails and purchases are mostly new
 * interactions, chats mostly are not. Looking it up costs 5 µs an event, and more in a large log; a wrong guess "new"
 * costs nothing but time: the log refuses the append by its expected revision, and the events are decided again.
 */
export class StreamGuess {
  readonly #existed = new Map<string, number>();

  isNew(source: string): boolean {
    return (this.#existed.get(source) ?? 0) < OFTEN;
  }

  /** What it turned out to be. */
  learn(source: string, existed: boolean): void {
    const before = this.#existed.get(source) ?? 0;
    if (before === 0 && !existed) return;
    if (this.#existed.size >= SOURCES) this.#existed.clear();
    const after = before + WEIGHT * ((existed ? 1 : 0) - before);
    if (after < 0.001) this.#existed.delete(source);
    else this.#existed.set(source, after);
  }
}
