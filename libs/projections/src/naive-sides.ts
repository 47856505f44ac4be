/** A party, as far as identity looks at it. */
export interface NaiveNode {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  /** Milliseconds; Infinity of one that only decisions name. */
  readonly firstSeen: number;
}

/** Parties that are one person, so far. */
export interface Side {
  readonly members: NaiveNode[];
  /** How many of each kind that has a limit. Most sides have none, and are of no unlink. */
  limited?: Map<string, number>;
  /** On which side of an unlink it is, by the unlink. */
  unlinks?: Map<object, 'parties' | 'rest'>;
}

/** Everybody, each alone at first. The lesser side moves to the greater: n parties move n log n times at most. */
export class Sides {
  readonly #nodes = new Map<string, NaiveNode>();
  readonly #sides = new Map<string, Side>();

  constructor(
    parties: Iterable<NaiveNode>,
    private readonly limits: ReadonlyMap<string, number>,
  ) {
    for (const party of parties) {
      const side: Side = { members: [party] };
      if (limits.has(party.kind)) side.limited = new Map([[party.kind, 1]]);
      this.#nodes.set(party.id, party);
      this.#sides.set(party.id, side);
    }
  }

  /** @throws RangeError of whom nobody has heard. */
  node(party: string): NaiveNode {
    return known(this.#nodes, party);
  }

  /** @throws RangeError of whom nobody has heard. */
  of(party: string): Side {
    return known(this.#sides, party);
  }

  join(a: Side, b: Side): void {
    if (a === b) return;
    const [few, many] = a.members.length < b.members.length ? [a, b] : [b, a];
    for (const member of few.members) {
      many.members.push(member);
      this.#sides.set(member.id, many);
    }
    for (const [kind, count] of few.limited ?? []) {
      many.limited ??= new Map();
      many.limited.set(kind, (many.limited.get(kind) ?? 0) + count);
    }
    for (const [unlink, which] of few.unlinks ?? []) tell(many, unlink, which);
  }

  /** Whether both have somebody of a kind of which one person has no more than they have together. */
  areTwoPeople(a: Side, b: Side): boolean {
    return [...this.limits].some(([kind, limit]) => {
      const [left, right] = [a.limited?.get(kind) ?? 0, b.limited?.get(kind) ?? 0];
      return left > 0 && right > 0 && left + right > limit;
    });
  }
}

function known<T>(map: ReadonlyMap<string, T>, party: string): T {
  const found = map.get(party);
  if (found === undefined) throw new RangeError(`${party} is not among the parties`);
  return found;
}

/** Puts a side on one of the two sides of an unlink. */
export function tell(side: Side, unlink: object, which: 'parties' | 'rest'): void {
  side.unlinks ??= new Map();
  side.unlinks.set(unlink, which);
}

/** Whether these are the two sides of an unlink that holds. */
export function areApart({ unlinks: one }: Side, { unlinks: other }: Side): boolean {
  if (one === undefined || other === undefined) return false;
  const [few, many] = one.size < other.size ? [one, other] : [other, one];
  return [...few].some(([unlink, which]) => many.has(unlink) && many.get(unlink) !== which);
}

/** Whether even the lighter of the two had more than `most` parties before that time. */
export function areBothHeavy(a: Side, b: Side, most: number, before: number): boolean {
  const isHeavy = ({ members }: Side): boolean => {
    let count = 0;
    // Of a great side it is soon known that it is heavy.
    return members.length > most && members.some(({ firstSeen }) => firstSeen < before && ++count > most);
  };
  return a.members.length < b.members.length ? isHeavy(a) && isHeavy(b) : isHeavy(b) && isHeavy(a);
}
