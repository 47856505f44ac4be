import type { StatementSync } from 'node:sqlite';
import type { Decision, Party, Refusal } from '@threadline/domain/identity/identity-links';
import type { CountingLink, Cut, LinkRow } from '../identity/identity-rows.js';
import { decisionAt } from './identity-tables.js';
import type { Statements } from './statements.js';

type Columns = [number, number, string, number, number, number, number];
const COLUMNS = 'l.a, l.b, l.event, l.position, l.strength, l.at, l.place';

const linkOf = ([a, b, event, position, strength, at, place]: Columns): LinkRow => ({
  a,
  b,
  event,
  position,
  strength,
  at,
  place,
});

/** The statements by which links and decisions are read. */
export class IdentityStatements {
  constructor(private readonly statements: Statements) {}

  private sql(text: string): StatementSync {
    return this.statements.sql(text);
  }

  private all<Row>(text: string, ...values: (string | number)[]): Row[] {
    return this.sql(text).all(...values) as unknown as Row[];
  }

  kindOf(party: Party): string | undefined {
    const row = this.sql('SELECT t.term FROM parties p JOIN terms t ON t.id = p.kind WHERE p.handle = ?').get(
      party,
    );
    return (row as unknown as [string] | undefined)?.[0];
  }

  /** Every link of a party that was known at a cut, with the kind of its other end; of a pair there may be several. */
  *evidence(party: Party, { asOf, knownAt }: Cut): Iterable<{ link: LinkRow; otherKind: string }> {
    for (const [end, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const statement = this.sql(
        `SELECT ${COLUMNS}, t.term FROM links l JOIN parties p ON p.handle = l.${other} JOIN terms t ON t.id = p.kind
         WHERE l.${end} = ? AND l.at <= ? AND l.position <= ?`,
      );
      const rows = statement.iterate(party, asOf, knownAt) as unknown as Iterable<[...Columns, string]>;
      for (const [a, b, event, position, strength, at, place, otherKind] of rows)
        yield { link: linkOf([a, b, event, position, strength, at, place]), otherKind };
    }
  }

  /** The decisions that name a party, by their positions. */
  decisionsOf(party: Party, { asOf, knownAt }: Cut): number[] {
    return this.all<[number]>(
      `SELECT DISTINCT d.decision FROM decided d JOIN decisions e ON e.position = d.decision
       WHERE d.party = ? AND e.at <= ? AND d.decision <= ?`,
      party,
      asOf,
      knownAt,
    ).map(([position]) => position);
  }

  decision(position: number): Decision {
    return decisionAt(this.statements, position);
  }

  /** Those that count, of this party; each link is found from both of its ends. */
  counting(party: Party): CountingLink[] {
    const select = (end: string): string =>
      `SELECT ${COLUMNS}, l.refusal, l.because FROM links l WHERE l.${end} = ? AND l.counts = 1`;
    const rows = [
      ...this.all<[...Columns, Refusal['rule'] | null, string | null]>(select('a'), party),
      ...this.all<[...Columns, Refusal['rule'] | null, string | null]>(select('b'), party),
    ];
    return rows.map(([a, b, event, position, strength, at, place, rule, because]) => ({
      ...linkOf([a, b, event, position, strength, at, place]),
      refusal: rule === null ? undefined : { rule, ...(because !== null && { because }) },
    }));
  }

  /** Links that wait for a person, in the order of the log, after that one. */
  reviews(after: readonly [position: number, a: Party, b: Party] | undefined, limit: number): LinkRow[] {
    return this.all<Columns>(
      `SELECT ${COLUMNS} FROM links l WHERE l.refusal = 'review' AND (l.position, l.a, l.b) > (?, ?, ?)
       ORDER BY l.position, l.a, l.b LIMIT ?`,
      ...(after ?? [-1, -1, -1]),
      limit,
    ).map(linkOf);
  }

  /** The shared identifiers that a party was seen with. */
  sharedOf(party: Party, { asOf, knownAt }: Cut): Party[] {
    return this.all<[number]>(
      'SELECT DISTINCT shared FROM relations WHERE party = ? AND at <= ? AND position <= ?',
      party,
      asOf,
      knownAt,
    ).map(([shared]) => shared);
  }

  /** The parties that were seen with a shared identifier, the first `limit` by key. */
  membersOf(shared: Party, { asOf, knownAt }: Cut, limit: number): Party[] {
    return this.all<[number]>(
      'SELECT DISTINCT party FROM relations WHERE shared = ? AND at <= ? AND position <= ? ORDER BY party LIMIT ?',
      shared,
      asOf,
      knownAt,
      limit,
    ).map(([party]) => party);
  }

  /** Where the rules were put in force that were in force at a position; undefined: the defaults were. */
  rulesAt(knownAt: number): number | undefined {
    const row = this.sql('SELECT max(position) FROM rules WHERE position <= ?').get(knownAt);
    return (row as unknown as [number | null])[0] ?? undefined;
  }
}
