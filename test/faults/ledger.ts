import type { CloudEventJson } from '@threadline/domain/cloud-event';

/** What became of an event, as far as its sender can know. */
export interface Entry {
  readonly event: CloudEventJson;
  /**
   * The position that the acknowledgement gave, Infinity where it gave none; undefined while there was no
   * acknowledgement: the event may be there or not.
   */
  acknowledged: number | undefined;
}

/** How `(source, id)` is written as one string. */
export const nameOf = ({ source, id }: { source: string; id: string }): string => `${source}\n${id}`;

/** Everything that was ever sent, and what was acknowledged: what a hub is held against after a fault. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Problems that no fault excuses: an event of ours was refused. */
  readonly refusals: string[] = [];
  /** Answers of 500: for a disk that fails while the hub has not ended yet, and for nothing else. */
  readonly failures: string[] = [];

  /** Before it is sent. */
  sending(event: CloudEventJson): void {
    const name = nameOf(event);
    if (!this.#entries.has(name)) this.#entries.set(name, { event, acknowledged: undefined });
  }

  acknowledge(event: CloudEventJson, position: number): void {
    const entry = this.#entries.get(nameOf(event));
    if (entry !== undefined && entry.acknowledged === undefined) entry.acknowledged = position;
  }

  find(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get acknowledged(): number {
    let count = 0;
    for (const { acknowledged } of this.#entries.values()) if (acknowledged !== undefined) count++;
    return count;
  }

  /** Sent, and never heard of again: what a real client sends once more. */
  get unknown(): CloudEventJson[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.acknowledged === undefined ? [entry.event] : [],
    );
  }
}
