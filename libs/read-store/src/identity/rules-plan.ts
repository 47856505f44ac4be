import { compareIdentities } from '@threadline/domain/identity/compare-identities';
import type { Refusal } from '@threadline/domain/identity/identity-links';
import { DEFAULT_RULES, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import type { Identity } from '@threadline/domain/identity/resolve-identity';
import type { EventStore, LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { AppliedRulesLog, conflictWith, type AppliedRules } from './applied-rules.js';
import { UNSEEN } from '../sqlite/naming-columns.js';
import { PlannedChanges, type PlannedChange } from './planned-changes.js';
import { GatheredCustomers, scanCustomers } from '../rebuild/rebuild-customers.js';
import { resolveLog, type MetParty } from '../rebuild/rebuild-identity.js';
import type { LinkRow } from './identity-rows.js';

type ByRule = Partial<Record<Refusal['rule'], number>>;

export interface PlanTotals {
  /** Up to here the log was read. */
  readonly position: string;
  /** On timelines. */
  readonly events: number;
  readonly parties: number;
  readonly customers: { readonly before: number; readonly after: number; readonly unchanged: number };
  readonly gained: number;
  readonly lost: number;
  /** Links that do not join, by the rule that refuses them. */
  readonly refused: { readonly before: ByRule; readonly after: ByRule };
  /** Those of them that wait for a person. */
  readonly reviews: { readonly before: number; readonly after: number };
}

export interface RulesPlan {
  /** Those in force. */
  readonly inForce: IdentityRules;
  /** Rules of this name and version had another content here: these could not be applied. */
  readonly conflict: AppliedRules | undefined;
  readonly totals: PlanTotals;
  /** What most events are concerned by first. */
  readonly changes: () => AsyncIterable<PlannedChange>;
}

export interface PlanOptions {
  readonly log: LocalLog & Pick<EventStore, 'readAll'>;
  readonly vault: Vault;
  readonly rules: IdentityRules;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * What other identity rules would make of the customers: the log is gone through once, its links and decisions are
 * resolved by the rules in force and by the others. Reads only.
 * @throws CorruptEventError where an event of the log is damaged: what waits for it only the read models know.
 */
export async function planRules({ log, vault, rules, onProgress }: PlanOptions): Promise<RulesPlan> {
  const upTo = log.headPosition();
  const all = await new AppliedRulesLog(log, vault).all();
  const applied = all.filter(({ position }) => position <= upTo);
  const inForce = applied.at(-1)?.rules ?? DEFAULT_RULES;
  const gathered = new GatheredCustomers({ log, vault, upTo, now: () => 0 });
  let done = 0;
  await scanCustomers({ log, vault, upTo }, gathered, (events) => onProgress?.((done += events), upTo));
  const { identity: scan, events } = gathered.evidence();
  const links = scan.links().map(([first]) => first as LinkRow);
  const before = (await resolveLog(scan, links, inForce, vault)).identity;
  const after = (await resolveLog(scan, links, rules, vault)).identity;
  const compared = compareIdentities(somebodies(scan.parties, before), links, before, after);
  const refused = { before: byRule(before), after: byRule(after) };
  const totals: PlanTotals = {
    position: String(upTo),
    events: [...events.values()].reduce((sum, count) => sum + count, 0),
    parties: scan.parties.size,
    customers: { before: compared.before, after: compared.after, unchanged: compared.unchanged },
    gained: compared.gained.length,
    lost: compared.lost.length,
    refused,
    reviews: { before: refused.before.review ?? 0, after: refused.after.review ?? 0 },
  };
  const told = new PlannedChanges({ vault, parties: scan.parties, events, links, before, after, compared });
  return { inForce, conflict: conflictWith(rules, applied), totals, changes: () => told.inOrder() };
}

/** Whom only decisions name is somebody as long as they join it with another; that is so whatever the rules. */
function somebodies(parties: ReadonlyMap<number, MetParty>, { customerOf }: Identity): number[] {
  const met = new Set<number>();
  const joined = new Set<number>();
  for (const party of parties.keys()) {
    const customer = customerOf(party);
    if (met.has(customer)) joined.add(customer);
    met.add(customer);
  }
  const isSomebody = ([party, { naming }]: [number, MetParty]): boolean =>
    naming.first !== UNSEEN.first || joined.has(customerOf(party));
  return [...parties].filter(isSomebody).map(([party]) => party);
}

function byRule({ refused }: Identity): ByRule {
  const counts: ByRule = {};
  for (const refusal of refused)
    if (refusal !== undefined) counts[refusal.rule] = (counts[refusal.rule] ?? 0) + 1;
  return counts;
}
