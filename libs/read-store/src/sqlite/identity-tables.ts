import type { StatementSync } from 'node:sqlite';
import type { Decision, Refusal } from '@threadline/domain/identity/identity-links';
import type { IdentityRules } from '@threadline/domain/identity/identity-rules';
import type { Identity } from '@threadline/domain/identity/resolve-identity';
import type { LinkRow } from '../identity/identity-rows.js';
import { BLOCKED, FANS_OUT, type CustomersModel } from './customers-model.js';
import type { Relation } from '../identity/event-links.js';
import { outdoes } from '../identity/link-table.js';
import type { Statements } from './statements.js';

/** What a whole log comes to. */
export interface ResolvedLog {
  readonly identity: Identity;
  /** Parties whose value is blocked, and those that fan out. */
  readonly blocked: ReadonlySet<number>;
  readonly tooMany: ReadonlySet<number>;
}

/** Refused for what stands on its sides, not for what one end is. */
export const isContested = (refusal: Refusal | undefined): boolean =>
  refusal !== undefined && refusal.rule !== 'blocked-value' && refusal.rule !== 'fan-out';

/** Writes what events say of who is who: links, decisions, relations. What becomes of them is `SqliteIdentityStore`'s. */
export class IdentityTables {
  private readonly statements: Statements;

  constructor(private readonly model: CustomersModel) {
    this.statements = model.statements;
  }

  private sql(text: string): StatementSync {
    return this.statements.sql(text);
  }

  private all<Row>(text: string, ...values: (string | number)[]): Row[] {
    return this.sql(text).all(...values) as unknown as Row[];
  }

  /**
   * Keeps a link that might count at some pair of clocks: one of the pair that is better, not younger and was not known
   * later always comes before it. Answers whether it was kept.
   */
  keep(link: LinkRow): boolean {
    const known = this.all<[string, number, number, number, number]>(
      'SELECT event, strength, at, place, position FROM links WHERE a = ? AND b = ?',
      link.a,
      link.b,
    );
    for (const [event, strength, at, place, position] of known) {
      const other = { a: link.a, b: link.b, event, strength, at, place, position };
      if (event === link.event || outdoes(other, link)) return false;
    }
    this.insertLink(link, false, undefined);
    return true;
  }

  /** Keeps a relation unless one that is as old was known as early. */
  keepRelation({ shared, party, at, position }: Relation): void {
    this.sql(
      `INSERT OR IGNORE INTO relations SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
       (SELECT 1 FROM relations WHERE shared = ?1 AND party = ?2 AND position <= ?3 AND at <= ?4)`,
    ).run(shared, party, position, at);
  }

  private insertLink(
    { a, b, event, position, strength, at, place }: LinkRow,
    counts: boolean,
    refusal: Refusal | undefined,
  ): void {
    this.sql('INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      a,
      b,
      event,
      position,
      strength,
      at,
      place,
      counts ? 1 : 0,
      refusal?.rule ?? null,
      refusal?.because ?? null,
    );
  }

  /**
   * What decides that a party never links is looked at anew: blocked values (undefined: the same as before), and whom each
   * is linked with.
   */
  judgeAgain(blocked: ReadonlySet<number> | undefined, { most, exempt }: IdentityRules['fanOut']): void {
    this.sql(`UPDATE parties SET never = 0 WHERE never IN (${FANS_OUT}, ?)`).run(
      blocked === undefined ? FANS_OUT : BLOCKED,
    );
    const block = this.sql(`UPDATE parties SET never = ${BLOCKED} WHERE handle = ?`);
    for (const party of blocked ?? []) block.run(party);
    this.countNeighbours({ most, exempt });
    for (const [kind, limit] of Object.entries(most)) {
      this.sql(
        `UPDATE parties SET never = ${FANS_OUT} WHERE never = 0 AND handle IN
         (SELECT party FROM neighbours WHERE kind = ? AND count > ?)`,
      ).run(this.model.term(kind), limit);
    }
  }

  private countNeighbours({ most, exempt }: IdentityRules['fanOut']): void {
    this.sql('DELETE FROM neighbours').run();
    const numbers = (kinds: readonly string[]): string =>
      kinds.map((kind) => this.model.term(kind)).join() || '-1';
    for (const [end, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      this.model.database.exec(
        `INSERT INTO neighbours SELECT l.${end}, o.kind, count(*) FROM links l
         JOIN parties o ON o.handle = l.${other} JOIN parties p ON p.handle = l.${end}
         WHERE l.counts = 1 AND o.kind IN (${numbers(Object.keys(most))}) AND p.kind NOT IN (${numbers(exempt)})
         GROUP BY 1, 2 ON CONFLICT (party, kind) DO UPDATE SET count = count + excluded.count`,
      );
    }
  }

  /**
   * Writes what a whole log comes to into empty tables: `links` by pair, the one that counts first. Who is whose
   * customer is written with the parties.
   */
  writeResolved(
    links: readonly (readonly LinkRow[])[],
    decisions: readonly (Decision & { readonly position: number })[],
    { identity, blocked, tooMany }: ResolvedLog,
    rules: IdentityRules,
  ): void {
    const refused = new Map<number, number>();
    links.forEach((pair, index) => {
      const refusal = identity.refused[index];
      pair.forEach((link, place) => this.insertLink(link, place === 0, place === 0 ? refusal : undefined));
      const [first] = pair;
      if (!isContested(refusal) || first === undefined) return;
      for (const party of [first.a, first.b]) refused.set(party, (refused.get(party) ?? 0) + 1);
    });
    const count = this.sql('UPDATE parties SET refused = ? WHERE handle = ?');
    for (const [party, times] of refused) count.run(times, party);
    for (const decision of decisions) this.writeDecision(decision.position, decision);
    this.countNeighbours(rules.fanOut);
    const close = this.sql(`UPDATE parties SET never = ${FANS_OUT} WHERE handle = ?`);
    for (const party of tooMany) if (!blocked.has(party)) close.run(party);
    this.writeSlacks(identity, rules.firewall.parties);
  }

  private writeSlacks(identity: Identity, firewall: number): void {
    const large = this.all<[number]>(
      'SELECT customer FROM parties GROUP BY customer HAVING count(*) > ?',
      2 * firewall,
    );
    const write = this.sql('INSERT OR REPLACE INTO slacks VALUES (?, ?)');
    for (const [customer] of large) write.run(customer, firewall - identity.lighterOf(customer));
  }

  writeDecision(position: number, { event, at, parties, rest }: Decision): void {
    this.sql('INSERT INTO decisions VALUES (?, ?, ?, ?)').run(
      position,
      event,
      at,
      rest === undefined ? 0 : 1,
    );
    const write = this.sql('INSERT INTO decided VALUES (?, ?, ?, ?)');
    parties.forEach((party, place) => write.run(position, place, party, 0));
    rest?.forEach((party, place) => write.run(position, parties.length + place, party, 1));
  }
}

/** A decision as the model holds it. */
export function decisionAt(statements: Statements, position: number): Decision {
  const [event, at, unlinks] = statements
    .sql('SELECT event, at, unlinks FROM decisions WHERE position = ?')
    .get(position) as unknown as [string, number, number];
  const rows = statements
    .sql('SELECT party, rest FROM decided WHERE decision = ? ORDER BY place')
    .all(position) as unknown as [number, number][];
  const side = (rest: number): number[] => rows.filter((row) => row[1] === rest).map(([party]) => party);
  return { event, at, parties: side(0), ...(unlinks === 1 && { rest: side(1) }) };
}
