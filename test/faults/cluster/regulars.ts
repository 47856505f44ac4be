import { setTimeout as pause } from 'node:timers/promises';
import { plain } from '../../support/same-answers.js';
import type { Ledger } from '../ledger.js';
import { send } from '../load.js';
import type { Random } from '../random.js';
import { regular } from './cluster-events.js';
import type { Place } from './place.js';
import type { Stage } from './stage.js';

const REGULARS = 20;

/** Milliseconds between two reads at an api. */
const EVERY = 100;

/**
 * Customers about whom nothing new comes: whatever else happens, a read of them gives the same card, or says that it cannot
 * be given now. Another card, a part of one or *nobody* is wrong.
 */
export class Regulars {
  readonly #cards = new Map<string, string>();
  readonly #paths: string[] = [];
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>[] = [];
  readonly wrong = new Set<string>();
  /** How many answers there were of each status; 0: none came. */
  readonly answers = new Map<number, number>();

  private constructor() {}

  /** Sends what there is to know of them, and reads it at every api for as long as it takes. */
  static async of(stage: Stage, ledger: Ledger, run: string): Promise<Regulars> {
    const all = Array.from({ length: REGULARS }, (_, n) => regular(run, n));
    const events = all.flatMap((one) => one.events);
    let position: number | undefined;
    while (position === undefined)
      ({ position } = await send(stage.gateways, ledger, events, '/v1/events?wait=log'));
    const regulars = new Regulars();
    for (const path of all.flatMap(({ identifiers }) => identifiers.map((one) => `/v1/customers/by/${one}`)))
      for (const place of stage.places.api) await regulars.#settle(place, path, position);
    return regulars;
  }

  /** Reads at every api until `end`. */
  begin(apis: readonly Place[], random: Random): void {
    for (const api of apis) this.#reading.push(this.#read(api, random));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#reading);
  }

  async #settle(place: Place, path: string, position: number): Promise<void> {
    for (;;) {
      const response = await place.fetch(`${path}?minPosition=${position}`);
      const text = await response.text();
      if (response.status !== 200) continue;
      const card = plain(JSON.parse(text));
      const known = this.#cards.get(path);
      if (known === undefined) this.#paths.push(path);
      else if (known !== card) this.wrong.add(`${path} is another card at ${place.name}`);
      this.#cards.set(path, known ?? card);
      return;
    }
  }

  async #read(place: Place, random: Random): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const path = this.#paths[random.between(0, this.#paths.length)] as string;
      await this.#look(place, path);
      await pause(EVERY);
    }
  }

  async #look(place: Place, path: string): Promise<void> {
    let status = 0;
    let text = '';
    try {
      const response = await place.fetch(path);
      text = await response.text();
      status = response.status;
    } catch {
      // Nobody is there, or nobody answers in time: no answer is no wrong one.
      text = '';
      status = 0;
    }
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (status === 0 || status === 503) return;
    if (status === 200 && plain(JSON.parse(text)) === this.#cards.get(path)) return;
    this.wrong.add(`${place.name} gave ${path} as ${status} ${text.slice(0, 600)}`);
  }
}
