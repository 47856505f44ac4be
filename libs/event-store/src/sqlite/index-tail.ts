import type { Position } from '../event-store.js';
import type { EventName } from './log-table.js';
import { indexKey } from './index-key.js';

type Positions = number | number[];

const NONE: readonly Position[] = [];

function put(map: Map<number, Positions>, key: number, position: Position): void {
  const held = map.get(key);
  if (held === undefined) map.set(key, position);
  else if (typeof held === 'number') map.set(key, [held, position]);
  else held.push(position);
}

function drop(map: Map<number, Positions>, key: number): void {
  const held = map.get(key);
  if (typeof held === 'object' && held.length > 1) held.pop();
  else map.delete(key);
}

function get(map: Map<number, Positions>, key: number): readonly Position[] {
  const held = map.get(key);
  return held === undefined ? NONE : typeof held === 'number' ? [held] : held;
}

/** The names of a run of recent events, in memory: what log-index.db does not hold yet. About 150 bytes an event. */
export class IndexTail {
  /** It holds what comes after this position. */
  readonly base: Position;
  readonly #streamKeys: number[] = [];
  readonly #revisions: number[] = [];
  readonly #idKeys: number[] = [];
  readonly #streams = new Map<number, Positions>();
  readonly #ids = new Map<number, Positions>();

  constructor(base: Position) {
    this.base = base;
  }

  get size(): number {
    return this.#streamKeys.length;
  }

  /** The last position that it holds; its base when it is empty. */
  get last(): Position {
    return this.base + this.size;
  }

  /** The event must be the one after `last`. */
  add(event: EventName, streamKey = indexKey(event.stream)): void {
    const idKey = indexKey(event.id);
    this.#streamKeys.push(streamKey);
    this.#revisions.push(event.revision);
    this.#idKeys.push(idKey);
    put(this.#streams, streamKey, event.position);
    put(this.#ids, idKey, event.position);
  }

  /** Forgets what comes after the position: it was rolled back. */
  truncate(position: Position): void {
    while (this.last > position) {
      drop(this.#streams, this.#streamKeys.pop() as number);
      drop(this.#ids, this.#idKeys.pop() as number);
      this.#revisions.pop();
    }
  }

  /** Oldest first; some may be of another stream with the same key. */
  streamPositions(key: number): readonly Position[] {
    return get(this.#streams, key);
  }

  /** Oldest first; some may be of another id with the same key. */
  idPositions(key: number): readonly Position[] {
    return get(this.#ids, key);
  }

  /** The revision of an event that it holds. */
  revisionAt(position: Position): number {
    return this.#revisions[position - this.base - 1] ?? -1;
  }
}
