import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NamedParty } from '@threadline/domain/decision';
import type { Vault } from '@threadline/vault/vault';
import type { CustomerRows } from '../customers/customer-rows.js';

/** Parties opened at once: of a customer of 10,000 other requests get their turn in between. */
const SLICE = 512;

/** What an unlink of some parties would part. */
export interface DecisionSides {
  /** Of each party its customer, as a number that is good for comparing only; undefined where nobody was named by it. */
  readonly customers: readonly (number | undefined)[];
  /** All others of the first party's customer, by kind and value; those whose key is gone cannot be named any more. */
  readonly rest: readonly NamedParty[];
}

/** The sides as they are at this moment. `parties` are public ids. */
export async function decisionSides(
  rows: CustomerRows,
  vault: Pick<Vault, 'find' | 'keys'>,
  parties: readonly string[],
): Promise<DecisionSides> {
  const handles = await vault.find(parties);
  const known = handles.filter((handle) => handle !== undefined);
  const found = await rows.customersOf(known);
  const labels = new Map(known.map((handle, index) => [handle, found[index]]));
  const customers = handles.map((handle) => (handle === undefined ? undefined : labels.get(handle)));
  const [customer] = customers;
  if (customer === undefined) return { customers, rest: [] };
  const away = new Set(handles);
  const all = await rows.parties(customer);
  const others = all.flatMap(({ handle }) => (away.has(handle) ? [] : [handle]));
  const rest: NamedParty[] = [];
  for (let from = 0; from < others.length; from += SLICE) {
    if (from > 0) await nextTurn();
    const slice = others.slice(from, from + SLICE);
    const keyring = await vault.keys(slice);
    for (const handle of slice) {
      const record = keyring.party(handle);
      if (record !== undefined) rest.push({ kind: record.kind, value: record.value });
    }
  }
  return { customers, rest: rest.sort(byName) };
}

const byName = (a: NamedParty, b: NamedParty): number =>
  a.kind === b.kind ? (a.value < b.value ? -1 : 1) : a.kind < b.kind ? -1 : 1;
