import {
  compareLinks,
  type Decision,
  type Party,
  type PartyTraits,
  type Refusal,
} from '@threadline/domain/identity/identity-links';
import { blocks, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { resolveIdentity, type Identity } from '@threadline/domain/identity/resolve-identity';
import type { Vault } from '@threadline/vault/vault';
import type { Cut, IdentityRows, LinkRow } from './identity-rows.js';

/** Everything that could decide on a party's customer at a cut, and what it comes to. */
export interface PastIdentity {
  readonly identity: Identity;
  readonly parties: readonly Party[];
  /** As `identity.refused` has them. */
  readonly links: readonly LinkRow[];
  readonly decisions: readonly Decision[];
  /** The links of those of these parties that never link. They are not among `links`, unless another end was met. */
  readonly linksOfClosed: (parties: Iterable<Party>) => Promise<ClosedLink[]>;
}

/** A link that one of its ends refuses, whatever stands on either side. */
export interface ClosedLink extends LinkRow {
  readonly refusal: Refusal;
}

interface Sources {
  readonly rows: IdentityRows;
  readonly vault: Vault;
  readonly rules: IdentityRules;
}

/**
 * Who was one person, by the links and decisions of then: from one party on, along every link, as far as they lead. A
 * value that never links (blocked, or linked with too many then) is where it ends. `firstSeen` tells when parties were
 * first seen at that cut; it is asked only where there are enough of them for a firewall.
 */
export async function pastIdentity(
  sources: Sources,
  start: Party,
  cut: Cut,
  firstSeen: (parties: readonly Party[]) => Promise<ReadonlyMap<Party, number>>,
): Promise<PastIdentity> {
  const walk = new Walk(sources, cut);
  await walk.from(start);
  const isLarge = walk.kinds.size > 2 * sources.rules.firewall.parties;
  const first = isLarge ? await firstSeen([...walk.kinds.keys()]) : undefined;
  const links = [...walk.links.values()];
  const decisions = [...walk.decisions.values()];
  const traits = (party: Party): PartyTraits => ({
    kind: walk.kinds.get(party) ?? '',
    never: walk.never.get(party),
    first: first === undefined ? 0 : (first.get(party) ?? Infinity),
  });
  return {
    identity: resolveIdentity({ links, decisions, traits }, sources.rules),
    parties: [...walk.kinds.keys()],
    links,
    decisions,
    linksOfClosed: (some) => walk.linksOfClosed(some),
  };
}

class Walk {
  readonly #isBlocked: (kind: string, value: string) => boolean;
  readonly kinds = new Map<Party, string>();
  readonly never = new Map<Party, NonNullable<PartyTraits['never']>>();
  readonly links = new Map<string, LinkRow>();
  readonly decisions = new Map<number, Decision>();

  constructor(
    private readonly sources: Sources,
    private readonly cut: Cut,
  ) {
    this.#isBlocked = blocks(sources.rules);
  }

  async from(start: Party): Promise<void> {
    const { rows, vault } = this.sources;
    for (let next: Party[] = [start]; next.length > 0;) {
      const here = [...new Set(next)].filter((party) => !this.kinds.has(party));
      const keyring = await vault.keys(here);
      const kinds = await rows.kinds(here);
      const met: Party[] = [];
      const open: Party[] = [];
      here.forEach((party, index) => {
        const kind = kinds[index];
        if (kind === undefined) return;
        met.push(party);
        this.kinds.set(party, kind);
        const record = keyring.party(party);
        if (record !== undefined && this.#isBlocked(kind, record.value))
          this.never.set(party, 'blocked-value');
        else open.push(party);
      });
      next = [...(await this.#alongLinks(open)), ...(await this.#alongDecisions(met))];
    }
  }

  /** The other ends of their links, which count from now on; none of a party that is linked with too many. */
  async #alongLinks(parties: readonly Party[]): Promise<Party[]> {
    const { rows, rules } = this.sources;
    const { most, exempt } = rules.fanOut;
    const found = new Map(parties.map((party) => [party, new Map<Party, LinkRow>()]));
    const counts = new Map<string, number>();
    await rows.evidence(parties, this.cut, (party, link, otherKind) => {
      const isNew = keepBest(found.get(party) as Map<Party, LinkRow>, party, link);
      const limit = Object.hasOwn(most, otherKind) ? most[otherKind] : undefined;
      if (!isNew || limit === undefined || exempt.includes(this.kinds.get(party) ?? '')) return true;
      const counted = `${party}/${otherKind}`;
      const count = (counts.get(counted) ?? 0) + 1;
      counts.set(counted, count);
      if (count <= limit) return true;
      this.never.set(party, 'fan-out');
      found.delete(party);
      return false;
    });
    for (const ends of found.values())
      for (const link of ends.values()) this.links.set(`${link.a}/${link.b}`, link);
    return [...found.values()].flatMap((ends) => [...ends.keys()]);
  }

  async linksOfClosed(parties: Iterable<Party>): Promise<ClosedLink[]> {
    const found: ClosedLink[] = [];
    for (const party of parties) {
      const rule = this.never.get(party);
      if (rule === undefined) continue;
      const ends = new Map<Party, LinkRow>();
      await this.sources.rows.evidence([party], this.cut, (_, link) => {
        keepBest(ends, party, link);
        return true;
      });
      const keyring = await this.sources.vault.keys(ends.keys());
      for (const [other, link] of ends) {
        const record = keyring.party(other);
        const isBlocked = rule === 'blocked-value' || (record && this.#isBlocked(record.kind, record.value));
        found.push({ ...link, refusal: { rule: isBlocked === true ? 'blocked-value' : 'fan-out' } });
      }
    }
    return found;
  }

  async #alongDecisions(parties: readonly Party[]): Promise<Party[]> {
    const { rows } = this.sources;
    const positions = await rows.decisionsOf(parties, this.cut);
    const fresh = positions.filter((position) => !this.decisions.has(position));
    const decisions = await rows.decisions(fresh);
    fresh.forEach((position, index) => this.decisions.set(position, decisions[index] as Decision));
    return decisions.flatMap((decision) => [...decision.parties, ...(decision.rest ?? [])]);
  }
}

/** Of several links with one party the best counts. Answers whether it is the first with it. */
function keepBest(ends: Map<Party, LinkRow>, party: Party, link: LinkRow): boolean {
  const other = link.a === party ? link.b : link.a;
  const known = ends.get(other);
  if (known === undefined || compareLinks(link, known) < 0) ends.set(other, link);
  return known === undefined;
}
