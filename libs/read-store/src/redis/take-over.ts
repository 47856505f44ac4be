import type { Position } from '@threadline/event-store/event-store';
import type { CustomersModel } from '../sqlite/customers-model.js';
import { textOf, type RedisDriver } from './driver.js';
import { WHOLE, type Keys } from './keys.js';
import { LostError } from './session.js';
import type { TouchedRows } from './touched-rows.js';

/** What is published: a projector's own read model. */
export interface WorkingCopy {
  readonly model: CustomersModel;
  /** Tries the parked events of a stream again. */
  redrive(stream: string): Promise<unknown>;
  /** Of the last event of the log. */
  head(): Position | Promise<Position>;
}

export interface TakeOver {
  readonly driver: Pick<RedisDriver, 'atOnce'>;
  /** Of the build that is live. */
  readonly keys: Keys;
  readonly rows: TouchedRows;
  readonly copy: WorkingCopy;
  /** Up to where anything was written there. */
  readonly reached: Position;
}

/**
 * Holds what a copy is not bound to have in common with the one that another projector published, at the same position:
 * what was parked and came in by a redrive, which only the active projector hears of (it is done again here), and with that
 * the numbers of terms.
 * @throws LostError where the copy cannot go on with what is published
 */
export async function agree({ driver, keys, rows, copy, reached }: TakeOver): Promise<void> {
  const [edition, terms, parked] = await driver.atOnce([
    ['hget', keys.part(WHOLE), 'edition'],
    ['hgetall', keys.whole('terms')],
    ['hkeys', keys.whole('parked')],
  ]);
  if (edition === null) throw new LostError();
  await agreeOnParked(
    rows,
    copy,
    new Set((parked as Buffer[]).map((position) => Number(textOf(position)))),
    reached,
  );
  agreeOnTerms(rows, terms as Buffer[]);
}

async function agreeOnParked(
  rows: TouchedRows,
  copy: WorkingCopy,
  there: ReadonlySet<Position>,
  reached: Position,
): Promise<void> {
  const { statements } = rows.model;
  const parked = (): (readonly [Position, string])[] =>
    statements
      .sql('SELECT position, stream FROM parked WHERE position <= ?')
      .all(reached) as unknown as (readonly [Position, string])[];
  const cameIn = parked().filter(([position]) => !there.has(position));
  for (const stream of new Set(cameIn.map(([, stream]) => stream))) await copy.redrive(stream);
  const left = parked();
  if (left.length !== there.size || left.some(([position]) => !there.has(position))) throw new LostError();
  // When each was put aside is this copy's own.
  for (const [position] of left) rows.note('parked', position);
}

/** `there`: name, number, name, number, ... */
function agreeOnTerms(rows: TouchedRows, there: readonly Buffer[]): void {
  const { model } = rows;
  const known = new Set<string>();
  for (let at = 0; at < there.length; at += 2) {
    const name = textOf(there[at]);
    if (model.knownTerm(name) !== Number(textOf(there[at + 1]))) throw new LostError();
    known.add(name);
  }
  const terms = model.statements.sql('SELECT id, term FROM terms').all() as unknown as [number, string][];
  for (const [id, term] of terms) if (!known.has(term)) rows.note('term', id);
}
