import type { Decision, PartyTraits } from '@threadline/domain/identity/identity-links';
import type { IdentityRules } from '@threadline/domain/identity/identity-rules';
import { fanOuts, resolveIdentity } from '@threadline/domain/identity/resolve-identity';
import { combineNamings, namings, type ExplainedNaming } from '@threadline/projections/naming';
import type { Vault } from '@threadline/vault/vault';
import { UNSEEN } from '../sqlite/naming-columns.js';
import type { LoggedEvent } from '../customers/decode.js';
import { decisionOf, linksOf, mentionsOf, relationsOf, type Relation } from '../identity/event-links.js';
import { blockedBy } from '../identity/blocked-parties.js';
import { LinkTable } from '../identity/link-table.js';
import type { LinkRow, PlacedDecision } from '../identity/identity-rows.js';
import type { ResolvedLog } from '../sqlite/identity-tables.js';

export interface MetParty {
  readonly kind: string;
  naming: ExplainedNaming;
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
    else this.parties.set(handle, { kind, naming });
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

/** The customers of a log under some rules; `links` has one of each pair. */
export async function resolveLog(
  { parties, decisions }: { parties: ReadonlyMap<number, MetParty>; decisions: readonly Decision[] },
  links: readonly LinkRow[],
  rules: IdentityRules,
  vault: Vault,
): Promise<ResolvedLog> {
  const blocked = await blockedBy(rules, parties.keys(), vault);
  const kindOf = (party: number): string => parties.get(party)?.kind ?? '';
  const tooMany = fanOuts(links, kindOf, rules.fanOut);
  const traits = (party: number): PartyTraits => ({
    kind: kindOf(party),
    never: blocked.has(party) ? 'blocked-value' : tooMany.has(party) ? 'fan-out' : undefined,
    first: parties.get(party)?.naming.first ?? Infinity,
  });
  return { identity: resolveIdentity({ links, decisions, traits }, rules), blocked, tooMany };
}
