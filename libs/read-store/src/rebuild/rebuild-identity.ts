import type { Decision, PartyTraits } from '@threadline/domain/identity/identity-links';
import { blocks, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { fanOuts, resolveIdentity, type Identity } from '@threadline/domain/identity/resolve-identity';
import { combineNamings, namings, type ExplainedNaming } from '@threadline/projections/naming';
import type { PartyRecord, Vault } from '@threadline/vault/vault';
import { UNSEEN } from '../sqlite/customers-model.js';
import type { LoggedEvent } from '../customers/decode.js';
import { decisionOf, linksOf, mentionsOf, relationsOf, type Relation } from '../identity/event-links.js';
import { blockedBy, type PlacedDecision } from '../identity/identity-writer.js';
import { LinkTable } from '../identity/link-table.js';
import type { LinkRow } from '../identity/identity-rows.js';

export interface MetParty {
  readonly kind: string;
  /** Its identifier, where that was opened anyway. */
  value: string | undefined;
  naming: ExplainedNaming;
}

/** What another thread has gathered of its part of the log. */
export interface IdentityPart {
  readonly parties: ReadonlyMap<number, MetParty>;
  readonly mentions: readonly { party: number; position: number }[];
  readonly decisions: readonly PlacedDecision[];
  readonly relations: readonly Relation[];
  readonly links: Iterable<LinkRow>;
}

/** What a whole log says of who is who, gathered event by event. */
export class IdentityScan {
  readonly parties = new Map<number, MetParty>();
  readonly mentions: { party: number; position: number }[] = [];
  readonly decisions: PlacedDecision[] = [];
  readonly relations: Relation[] = [];
  private readonly table = new LinkTable();

  take(event: LoggedEvent): void {
    for (const [handle, naming] of namings(event)) this.meet(handle, kindIn(event, handle), naming);
    if (event.parties.length < 2) return;
    for (const party of mentionsOf(event)) this.mentions.push({ party, position: event.position });
    for (const link of linksOf(event)) this.table.add(link);
    for (const relation of relationsOf(event)) this.relations.push(relation);
  }

  takeDecision(event: LoggedEvent): void {
    for (const { key, kind } of event.parties) this.meet(key, kind, UNSEEN);
    this.decisions.push({ ...decisionOf(event), position: event.position });
  }

  private meet(handle: number, kind: string, naming: ExplainedNaming): void {
    const known = this.parties.get(handle);
    if (known !== undefined) known.naming = combineNamings(known.naming, naming);
    else this.parties.set(handle, { kind, value: undefined, naming });
  }

  /** Identifiers that were opened for the search index: held against the rules, they need not be opened again. */
  learn(records: Iterable<Pick<PartyRecord, 'handle' | 'value'>>): void {
    for (const { handle, value } of records) {
      const party = this.parties.get(handle);
      if (party !== undefined) party.value ??= value;
    }
  }

  part(): IdentityPart {
    const { parties, mentions, decisions, relations } = this;
    return { parties, mentions, decisions, relations, links: this.table.links() };
  }

  adopt({ parties, mentions, decisions, relations, links }: IdentityPart): void {
    for (const [handle, { kind, value, naming }] of parties) {
      this.meet(handle, kind, naming);
      if (value !== undefined) this.learn([{ handle, value }]);
    }
    for (const mention of mentions) this.mentions.push(mention);
    for (const decision of decisions) this.decisions.push(decision);
    for (const relation of relations) this.relations.push(relation);
    for (const link of links) this.table.add(link);
  }

  /** Gives its memory back. */
  forget(): void {
    this.parties.clear();
    this.mentions.length = 0;
    this.relations.length = 0;
    this.table.clear();
  }

  /** Of each pair all links that might count at some time, the one that counts first. */
  links(): LinkRow[][] {
    return this.table.inOrder();
  }
}

const kindIn = ({ parties }: LoggedEvent, handle: number): string =>
  parties.find(({ key }) => key === handle)?.kind ?? '';

export interface ResolvedLog {
  readonly identity: Identity;
  /** Parties whose value is blocked, and those that fan out. */
  readonly blocked: ReadonlySet<number>;
  readonly tooMany: ReadonlySet<number>;
}

async function blockedAmong(
  parties: ReadonlyMap<number, MetParty>,
  rules: IdentityRules,
  vault: Vault,
): Promise<Set<number>> {
  const isBlocked = blocks(rules);
  const unopened: number[] = [];
  const blocked = new Set<number>();
  for (const [handle, { kind, value }] of parties) {
    if (value === undefined) unopened.push(handle);
    else if (isBlocked(kind, value)) blocked.add(handle);
  }
  for (const handle of await blockedBy(rules, unopened, vault)) blocked.add(handle);
  return blocked;
}

/** The customers of a log under some rules; `links` has one of each pair. */
export async function resolveLog(
  { parties, decisions }: { parties: ReadonlyMap<number, MetParty>; decisions: readonly Decision[] },
  links: readonly LinkRow[],
  rules: IdentityRules,
  vault: Vault,
): Promise<ResolvedLog> {
  const blocked = await blockedAmong(parties, rules, vault);
  const kindOf = (party: number): string => parties.get(party)?.kind ?? '';
  const tooMany = fanOuts(links, kindOf, rules.fanOut);
  const traits = (party: number): PartyTraits => ({
    kind: kindOf(party),
    never: blocked.has(party) ? 'blocked-value' : tooMany.has(party) ? 'fan-out' : undefined,
    first: parties.get(party)?.naming.first ?? Infinity,
  });
  return { identity: resolveIdentity({ links, decisions, traits }, rules), blocked, tooMany };
}
