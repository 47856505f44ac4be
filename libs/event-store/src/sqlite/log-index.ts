import { CorruptEventError } from '../errors.js';
import type { Position } from '../event-store.js';
import type { IndexFile } from './index-file.js';
import { indexKey } from './index-key.js';
import { IndexTail } from './index-tail.js';
import type { EventName, LogTable } from './log-table.js';

/** How many rows are read at once where nobody said. */
const PAGE = 512;
const FIRST_PAGE = 16;

/** What an index consists of; who keeps it replaces the parts. */
export interface IndexParts {
  /** Everything up to the base of the first tail; absent where that is the start of the log. */
  readonly file: IndexFile | undefined;
  /** Contiguous, oldest first, at least one. */
  readonly tails: readonly IndexTail[];
}

/** Adds to the tail what the log holds after it. */
export function extend(tail: IndexTail, log: LogTable): void {
  for (;;) {
    const names = log.namesAfter(tail.last, PAGE);
    for (const name of names) {
      if (name.position !== tail.last + 1) throw new CorruptEventError(tail.last + 1, 'is missing');
      tail.add(name);
    }
    if (names.length < PAGE) return;
  }
}

/** Finds streams and event ids: in the tails, then in the file; the log itself has the last word on every find. */
export class LogIndex {
  readonly #log: LogTable;
  readonly #parts: () => IndexParts;

  constructor(log: LogTable, parts: () => IndexParts) {
    this.#log = log;
    this.#parts = parts;
  }

  /** The last event of the stream; `undefined` where the stream does not exist. */
  last(stream: string, key = indexKey(stream)): EventName | undefined {
    const { file, tails } = this.#parts();
    for (let t = tails.length - 1; t >= 0; t--) {
      const positions = (tails[t] as IndexTail).streamPositions(key);
      for (let p = positions.length - 1; p >= 0; p--) {
        const name = this.#log.nameAt(positions[p] as Position);
        if (name?.stream === stream) return name;
      }
    }
    if (file === undefined) return undefined;
    const base = (tails[0] as IndexTail).base;
    const newest = file.newest(key, base);
    if (newest === undefined) return undefined;
    const name = this.#log.nameAt(newest);
    if (name?.stream === stream) return name;
    // Two streams share the key.
    for (const position of file.allNewestFirst(key, base)) {
      const other = this.#log.nameAt(position);
      if (other?.stream === stream) return other;
    }
    return undefined;
  }

  /** Every event of that id, oldest first: at most one in a stream. */
  find(id: string): EventName[] {
    const { file, tails } = this.#parts();
    const key = indexKey(id);
    const found: EventName[] = [];
    const add = (positions: readonly Position[]): void => {
      for (const position of positions) {
        const name = this.#log.nameAt(position);
        if (name?.id === id) found.push(name);
      }
    };
    if (file !== undefined) add(file.ids(key, (tails[0] as IndexTail).base));
    for (const tail of tails) add(tail.idPositions(key));
    return found;
  }

  /** Positions in the order asked for, from that revision on; some may be of another stream with the same key. */
  positions(stream: string, direction: Direction, from: number): Iterable<Position> {
    const { file, tails } = this.#parts();
    const key = indexKey(stream);
    const recent = tailPositions(tails, key, direction, from);
    if (file === undefined) return recent;
    const base = (tails[0] as IndexTail).base;
    // Most streams that are asked for are new: a single row is the cheapest question.
    if (file.newest(key, base) === undefined) return recent;
    const beyond: Beyond = [from, direction === 'forwards' ? -1 : Number.MAX_SAFE_INTEGER];
    // Most others have a handful of events: one small page, and no generator.
    const first = file.page(key, direction, beyond, base, FIRST_PAGE);
    if (first.length === 0) return recent;
    if (first.length === FIRST_PAGE) return manyPositions(file, key, direction, first, base, recent);
    const merged = first.map(([, position]) => position);
    if (recent === NONE) return merged;
    return direction === 'forwards' ? inTurn(merged, recent) : inTurn(recent, merged);
  }
}

type Direction = 'forwards' | 'backwards';
type Beyond = readonly [revision: number, position: Position];

const NONE: readonly Position[] = [];

/** Most streams have nothing in memory; one that is being written has all of its events there, and few are wanted. */
function tailPositions(
  tails: readonly IndexTail[],
  key: number,
  direction: Direction,
  from: number,
): Iterable<Position> {
  const holding = tails.filter((tail) => tail.streamPositions(key).length > 0);
  if (holding.length === 0) return NONE;
  return direction === 'forwards' ? oldestFirst(holding, key, from) : newestFirst(holding, key, from);
}

function* oldestFirst(tails: readonly IndexTail[], key: number, from: number): Generator<Position> {
  for (const tail of tails) {
    for (const position of tail.streamPositions(key)) {
      if (tail.revisionAt(position) >= from) yield position;
    }
  }
}

function* newestFirst(tails: readonly IndexTail[], key: number, from: number): Generator<Position> {
  for (const tail of tails.toReversed()) {
    const positions = tail.streamPositions(key);
    for (let p = positions.length - 1; p >= 0; p--) {
      const position = positions[p] as Position;
      if (tail.revisionAt(position) <= from) yield position;
    }
  }
}

function* inTurn(first: Iterable<Position>, second: Iterable<Position>): Generator<Position> {
  yield* first;
  yield* second;
}

function* manyPositions(
  file: IndexFile,
  key: number,
  direction: Direction,
  first: readonly Beyond[],
  base: Position,
  recent: Iterable<Position>,
): Generator<Position> {
  if (direction === 'backwards') yield* recent;
  for (let page = first, limit = FIRST_PAGE; ;) {
    for (const [, position] of page) yield position;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) break;
    limit = PAGE;
    page = file.page(key, direction, last, base, limit);
  }
  if (direction === 'forwards') yield* recent;
}
