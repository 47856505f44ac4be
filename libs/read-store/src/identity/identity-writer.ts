import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_RULES, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { IdentityGraph } from '@threadline/domain/identity/identity-graph';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import type { CustomersModel } from '../sqlite/customers-model.js';
import { blockedBy } from './blocked-parties.js';
import type { Relation } from './event-links.js';
import { openRules } from './identity-rules-events.js';
import { SqliteIdentityStore } from '../sqlite/sqlite-identity-store.js';
import { IdentityTables } from '../sqlite/identity-tables.js';
import type { LinkRow, PlacedDecision } from './identity-rows.js';

/** What a batch says of who is who. */
export interface IdentityChanges {
  readonly links: readonly LinkRow[];
  readonly relations: readonly Relation[];
  readonly decisions: readonly PlacedDecision[];
  /** Parties that were seen before the time at which they were first seen until now. */
  readonly earlier: readonly number[];
}

/** Keeps the customers of the read model `customers`: what `IdentityGraph` decides, in its tables. */
export class IdentityWriter {
  private readonly store: SqliteIdentityStore;
  private readonly tables: IdentityTables;
  private current: { rules: IdentityRules; graph: IdentityGraph } | undefined;

  constructor(
    private readonly model: CustomersModel,
    private readonly log: LocalLog,
    private readonly vault: Vault,
  ) {
    this.store = new SqliteIdentityStore(model);
    this.tables = new IdentityTables(model);
    model.onRollback(() => this.current?.graph.forget());
  }

  /** The rules that are in force where the model is. To be called before `write`. */
  async rules(): Promise<IdentityRules> {
    if (this.current === undefined) {
      const [last] = this.model.rulesPositions().slice(-1);
      const [event] = last === undefined ? [] : this.log.at([last]);
      const rules = event === undefined ? DEFAULT_RULES : await openRules(event, this.vault);
      this.current = { rules, graph: new IdentityGraph(this.store, rules) };
    }
    return this.current.rules;
  }

  /** Which of these parties have a value that the rules block. One whose key is gone has none. */
  async blocked(parties: Iterable<number>): Promise<Set<number>> {
    return blockedBy(await this.rules(), parties, this.vault);
  }

  /** Within a transaction. Every party of a link has its row. */
  write({ links, relations, decisions, earlier }: IdentityChanges, position: number): void {
    const { graph } = this.current as NonNullable<typeof this.current>;
    this.store.position = position;
    for (const party of earlier) graph.seenEarlier(party);
    for (const link of links) if (this.tables.keep(link)) graph.addLink(link);
    for (const relation of relations) this.tables.keepRelation(relation);
    for (const decision of decisions) {
      this.tables.writeDecision(decision.position, decision);
      graph.addDecision(decision);
    }
  }

  /** Other rules from this event on: every customer is computed again, in one transaction. */
  async apply(event: RecordedEvent): Promise<void> {
    const before = await this.rules();
    const rules = await openRules(event, this.vault);
    const blocked = isDeepStrictEqual(rules.blocked, before.blocked)
      ? undefined
      : await blockedBy(rules, this.model.parties(), this.vault);
    const graph = new IdentityGraph(this.store, rules);
    this.store.position = event.position;
    this.model.transaction(() => {
      this.model.writeRules(event.position, event.id);
      this.tables.judgeAgain(blocked, rules.fanOut);
      graph.recomputeAll();
      this.model.checkpoint = event.position;
    });
    this.current = { rules, graph };
  }
}
