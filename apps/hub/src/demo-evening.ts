import type {
  FoundCustomer,
  IdentityLink,
  IdentityPage,
} from '@threadline/read-store/customers/customer-reads';

const nameOf = ({ kind, value }: { kind: string; value: string }): string => `${kind}:${value}`;

/** Customers of before who are one customer now. */
export interface Reunion {
  readonly id: string;
  /** The name; for who has none, what is most surely known of them. */
  readonly name: string;
  /** What each of them was known by. */
  readonly were: readonly (readonly string[])[];
}

/** Who of `before` turned out to be one person, by what each was known by; the largest reunion first. */
export function reunions(before: readonly FoundCustomer[], after: readonly FoundCustomer[]): Reunion[] {
  const groupOf = new Map<string, FoundCustomer>();
  for (const customer of before) {
    for (const identifier of customer.identifiers) groupOf.set(nameOf(identifier), customer);
  }
  return after
    .map(({ id, name, identifiers }) => {
      const were = new Set(identifiers.flatMap((each) => groupOf.get(nameOf(each)) ?? []));
      const surest = identifiers.find(({ strength }) => strength === 'verified') ?? identifiers[0];
      return {
        id,
        name: name ?? (surest === undefined ? id : nameOf(surest)),
        were: [...were].map((customer) => customer.identifiers.map(nameOf)),
      };
    })
    .filter(({ were }) => were.length > 1)
    .sort((a, b) => b.were.length - a.were.length || (a.name < b.name ? -1 : 1));
}

/** The links that brought the reunion about: of all links the earliest that each join two that were apart. */
export function decisiveLinks(
  { were }: Reunion,
  { parties, links }: Pick<IdentityPage, 'parties' | 'links'>,
): IdentityLink[] {
  const partyOf = new Map(parties.map((party) => [nameOf(party), party.id]));
  const leader = new Map<string, string>();
  const find = (party: string): string => {
    let at = party;
    for (let next = leader.get(at); next !== undefined; next = leader.get(at)) at = next;
    return at;
  };
  const join = (a: string, b: string): void => {
    if (find(a) !== find(b)) leader.set(find(a), find(b));
  };
  for (const group of were) {
    const ids = group.flatMap((name) => partyOf.get(name) ?? []);
    for (const id of ids) join(id, ids[0] ?? id);
  }
  const known = new Set(were.flat().flatMap((name) => partyOf.get(name) ?? []));
  const hasKnown = (root: string): boolean => [...known].some((party) => find(party) === root);
  const ordered = [...links].sort((x, y) =>
    x.at === y.at ? (x.event < y.event ? -1 : 1) : x.at < y.at ? -1 : 1,
  );
  return ordered.filter(({ a, b }) => {
    const decisive = find(a) !== find(b) && hasKnown(find(a)) && hasKnown(find(b));
    join(a, b);
    return decisive;
  });
}
