import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CustomersModel } from '@threadline/read-store/sqlite/customers-model';
import { crowds, histories, type Sent } from './generate.js';
import { check, send, withHubs } from './hub-runs.js';

/** What each copy of the read model has of its own: when something was put aside, and in which batch a row was written. */
const OWN = new Set(['changed', 'parked_at']);

/** What only the next computation looks at: how much a customer may grow before it is computed again. */
const PUBLISHED = [
  'parties',
  'summaries',
  'timeline',
  'mentions',
  'terms',
  'links',
  'relations',
  'decisions',
  'decided',
  'rules',
  'parked',
];

/** Every row that others are told of, as text. */
export function rowsOf({ database }: CustomersModel): string[] {
  return PUBLISHED.flatMap((table) => {
    const columns = database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => String(name))
      .filter((name) => !OWN.has(name));
    const rows = database.prepare(`SELECT ${columns.join()} FROM ${table}`).all();
    const textOf = (value: unknown): unknown =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    return rows.map((row) => `${table} ${JSON.stringify(Object.values(row).map(textOf))}`).sort();
  });
}

/** Any number of events a batch; the last that is given goes on. */
const paces = fc.array(fc.constantFrom(1, 2, 3, 5, 500), { minLength: 1, maxLength: 6 });

const logs: fc.Arbitrary<Sent[]> = fc.oneof(
  { weight: 12, arbitrary: histories({ min: 4, max: 30, decided: true }) },
  { weight: 1, arbitrary: crowds },
);

/**
 * Copies of the read model that have folded the same log have the same rows, byte for byte, whatever batches it came in:
 * labels of customers and numbers of terms as well.
 */
export const equalCopies = (runs: number): Promise<void> =>
  check(runs, fc.tuple(logs, paces, paces, fc.nat({ max: 14 })), ([sent, some, others, pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const copies = [some, others].map((batches) => ({ batches, standBy: hub.standBy() }));
      try {
        const [first, second] = await Promise.all(
          copies.map(async ({ batches, standBy }) => {
            for (const batch of batches) await standBy.catchUp(batch, 2);
            await standBy.catchUp(batches.at(-1) ?? 1);
            return rowsOf(standBy.copy.model);
          }),
        );
        assert.deepStrictEqual(first, second);
      } finally {
        for (const { standBy } of copies) standBy.close();
      }
    }),
  );
