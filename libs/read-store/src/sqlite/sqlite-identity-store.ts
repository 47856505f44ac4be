import type { StatementSync } from 'node:sqlite';
import type { IdentityStore, ResolvedLink, WholeIdentity } from '@threadline/domain/identity/identity-store';
import {
  type Decision,
  type Link,
  type PartyTraits,
  type Refusal,
} from '@threadline/domain/identity/identity-links';
import { FANS_OUT, type CustomersModel } from './customers-model.js';
import { namingOf } from './naming-columns.js';
import { decisionAt, isContested } from './identity-tables.js';
import type { Statements } from './statements.js';

type TraitColumns = [kind: number, never: number, first: number];
type LinkColumns = [number, number, string, number, number, number, string | null, string | null];
const LINK = 'l.a, l.b, l.event, l.strength, l.at, l.place, l.refusal, l.because';

const linkOf = ([a, b, event, strength, at, place, rule, because]: LinkColumns): ResolvedLink => ({
  a,
  b,
  event,
  strength,
  at,
  place,
  refusal: rule === null ? undefined : refusalOf(rule, because),
});

const refusalOf = (rule: string, because: string | null): Refusal => ({
  rule: rule as Refusal['rule'],
  ...(because !== null && { because }),
});

const SIZES_HELD = 10_000;
const DECISIONS_HELD = 2_000;

/** Identity in the tables of the read model `customers`; written within its transactions. */
export class SqliteIdentityStore implements IdentityStore {
  private readonly statements: Statements;
  /** Counting a large customer's parties for every link would cost more than all the rest. */
  private readonly sizes = new Map<number, number>();
  /** Decisions never change. */
  private readonly held = new Map<number, Decision>();
  /** What is written from now on changed its customers at this position. */
  position = 0;

  constructor(private readonly model: CustomersModel) {
    this.statements = model.statements;
    model.onRollback(() => {
      this.sizes.clear();
      this.held.clear();
    });
  }

  private sql(text: string): StatementSync {
    return this.statements.sql(text);
  }

  private all<Row>(text: string, ...values: (string | number)[]): Row[] {
    return this.sql(text).all(...values) as unknown as Row[];
  }

  private one<Row>(text: string, ...values: (string | number)[]): Row | undefined {
    return this.sql(text).get(...values) as unknown as Row | undefined;
  }

  traits(party: number): PartyTraits {
    const row = this.one<TraitColumns>('SELECT kind, never, first FROM parties WHERE handle = ?', party);
    if (row === undefined) throw new Error('a party that was never met');
    return this.traitsOf(row);
  }

  private traitsOf([kind, never, first]: TraitColumns): PartyTraits {
    return {
      kind: this.model.termOf(kind),
      never: never === 0 ? undefined : never === FANS_OUT ? 'fan-out' : 'blocked-value',
      first: namingOf(0, first, null).first,
    };
  }

  members(customer: number): [number, PartyTraits][] {
    return this.all<[number, ...TraitColumns]>(
      'SELECT handle, kind, never, first FROM parties WHERE customer = ?',
      customer,
    ).map(([handle, ...traits]) => [handle, this.traitsOf(traits)]);
  }

  customerOf(party: number): number {
    return this.one<[number]>('SELECT customer FROM parties WHERE handle = ?', party)?.[0] ?? party;
  }

  parties(customer: number): number[] {
    return this.all<[number]>('SELECT handle FROM parties WHERE customer = ?', customer).map(
      ([party]) => party,
    );
  }

  size(customer: number): number {
    const known = this.sizes.get(customer);
    if (known !== undefined) return known;
    const size = this.one<[number]>('SELECT count(*) FROM parties WHERE customer = ?', customer)?.[0] ?? 0;
    if (this.sizes.size >= SIZES_HELD) this.sizes.clear();
    this.sizes.set(customer, size);
    return size;
  }

  count(customer: number, kind: string): number {
    const term = this.model.knownTerm(kind);
    if (term === undefined) return 0;
    return (
      this.one<[number]>(
        'SELECT count(*) FROM parties WHERE customer = ? AND kind = ?',
        customer,
        term,
      )?.[0] ?? 0
    );
  }

  links(customer: number): ResolvedLink[] {
    const found = (end: 'a' | 'b'): LinkColumns[] =>
      this.all<LinkColumns>(
        `SELECT ${LINK} FROM parties p JOIN links l ON l.${end} = p.handle WHERE p.customer = ? AND l.counts = 1`,
        customer,
      );
    const from = found('a').map(linkOf);
    // Those with both ends here are there already.
    const names = new Set(from.map(({ a, b }) => `${a}/${b}`));
    return [
      ...from,
      ...found('b')
        .map(linkOf)
        .filter(({ a, b }) => !names.has(`${a}/${b}`)),
    ];
  }

  link(a: number, b: number): ResolvedLink | undefined {
    const row = this.one<LinkColumns>(
      `SELECT ${LINK} FROM links l WHERE l.a = ? AND l.b = ? AND l.counts = 1`,
      a,
      b,
    );
    return row && linkOf(row);
  }

  /** By their positions. */
  decisions(customer: number): number[] {
    if (!this.hasDecisions()) return [];
    return this.all<[number]>(
      'SELECT DISTINCT d.decision FROM parties p JOIN decided d ON d.party = p.handle WHERE p.customer = ?',
      customer,
    ).map(([position]) => position);
  }

  decision(position: number): Decision {
    let decision = this.held.get(position);
    if (decision === undefined) {
      decision = decisionAt(this.statements, position);
      if (this.held.size >= DECISIONS_HELD) this.held.clear();
      this.held.set(position, decision);
    }
    return decision;
  }

  unlinks(customer: number): string[] {
    if (!this.hasDecisions()) return [];
    return this.all<[string]>(
      `SELECT DISTINCT e.event FROM parties p JOIN decided d ON d.party = p.handle
       JOIN decisions e ON e.position = d.decision WHERE p.customer = ? AND e.unlinks = 1`,
      customer,
    ).map(([event]) => event);
  }

  private hasDecisions(): boolean {
    return this.one('SELECT 1 FROM decisions LIMIT 1') !== undefined;
  }

  hasRefused(customer: number): boolean {
    return (
      // Left to itself SQLite goes through every party of the customer.
      this.one(
        'SELECT 1 FROM parties INDEXED BY parties_refused WHERE customer = ? AND refused > 0 LIMIT 1',
        customer,
      ) !== undefined
    );
  }

  slack(customer: number): number | undefined {
    return this.one<[number]>('SELECT slack FROM slacks WHERE customer = ?', customer)?.[0];
  }

  whole(): WholeIdentity {
    const parties = this.all<[number, number, ...TraitColumns]>(
      'SELECT handle, customer, kind, never, first FROM parties',
    ).map(([handle, customer, ...traits]) => [handle, { customer, traits: this.traitsOf(traits) }] as const);
    return {
      parties: new Map(parties),
      links: this.all<LinkColumns>(`SELECT ${LINK} FROM links l WHERE l.counts = 1`).map(linkOf),
      decisions: this.all<[number]>('SELECT position FROM decisions').map(([position]) =>
        this.decision(position),
      ),
      slacks: new Map(this.all<[number, number]>('SELECT customer, slack FROM slacks')),
    };
  }

  countNeighbour(party: number, kind: string): number {
    return (
      this.one<[number]>(
        `INSERT INTO neighbours VALUES (?, ?, 1) ON CONFLICT (party, kind) DO UPDATE SET count = count + 1
         RETURNING count`,
        party,
        this.model.term(kind),
      )?.[0] ?? 0
    );
  }

  close(party: number): void {
    this.sql(`UPDATE parties SET never = ${FANS_OUT} WHERE handle = ? AND never = 0`).run(party);
  }

  putLink(link: Link, refusal: Refusal | undefined): void {
    const { a, b, event } = link;
    const known = this.link(a, b);
    if (known !== undefined && known.event !== event)
      this.sql(
        'UPDATE links SET counts = 0, refusal = NULL, because = NULL WHERE a = ? AND b = ? AND event = ?',
      ).run(a, b, known.event);
    this.sql('UPDATE links SET counts = 1, refusal = ?, because = ? WHERE a = ? AND b = ? AND event = ?').run(
      refusal?.rule ?? null,
      refusal?.because ?? null,
      a,
      b,
      event,
    );
    const change = Number(isContested(refusal)) - Number(isContested(known?.refusal));
    if (change !== 0)
      this.sql('UPDATE parties SET refused = refused + ? WHERE handle IN (?, ?)').run(change, a, b);
  }

  relabel(parties: readonly number[], customer: number): void {
    const left = new Set<number>();
    const size = this.size(customer);
    const move = this.sql('UPDATE parties SET customer = ?, changed = ? WHERE handle = ?');
    for (const party of parties) {
      const label = this.customerOf(party);
      left.add(label);
      const others = this.sizes.get(label);
      if (others !== undefined) this.sizes.set(label, others - 1);
      move.run(customer, this.position, party);
    }
    this.sizes.set(customer, size + parties.length);
    // Who stays where somebody came or went has another card as well: one of the customer's parties says so.
    for (const label of [customer, ...left])
      this.sql('UPDATE parties SET changed = ? WHERE handle = ?').run(this.position, label);
  }

  setSlack(customer: number, slack: number | undefined): void {
    if (slack === undefined) this.sql('DELETE FROM slacks WHERE customer = ?').run(customer);
    else this.sql('INSERT OR REPLACE INTO slacks VALUES (?, ?)').run(customer, slack);
  }
}
