import type { CustomerStatements } from '../sqlite/customer-statements.js';

/** Whether a person has said that these two customers, as they are now, are two: an unlink with a party of each on either side. */
export function keptApart(rows: CustomerStatements, one: number, other: number): boolean {
  const [few, many] = [handlesOf(rows, one), handlesOf(rows, other)].sort((x, y) => x.size - y.size) as Two;
  const has = (side: ReadonlySet<number>, parties: readonly number[]): boolean =>
    parties.some((party) => side.has(party));
  const positions = new Set([...few].flatMap((party) => rows.identity.decisionsOf(party, EVER)));
  return [...positions].some((position) => {
    const { parties, rest } = rows.identity.decision(position);
    if (rest === undefined) return false;
    return (has(few, parties) && has(many, rest)) || (has(many, parties) && has(few, rest));
  });
}

type Two = [Set<number>, Set<number>];

const EVER = { asOf: Number.MAX_SAFE_INTEGER, knownAt: Number.MAX_SAFE_INTEGER };

const handlesOf = (rows: CustomerStatements, customer: number): Set<number> =>
  new Set(rows.parties(customer).map(({ handle }) => handle));
