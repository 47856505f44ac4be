import type { Decision, Party, Refusal } from '@threadline/domain/identity/identity-links';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { resolveIdentity } from '@threadline/domain/identity/resolve-identity';
import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import type { Vault } from '@threadline/vault/vault';
import { isPlace, readCursor, writeCursor } from '../customers/cursor.js';
import type {
  IdentityDecision,
  IdentityLink,
  IdentityPage,
  IdentityQuery,
  RefusedLink,
  RelatedCustomers,
} from '../customers/customer-reads.js';
import type { CustomerRows, KnownParty } from '../sqlite/customer-rows.js';
import { idOf, openParties, type OpenParty } from '../customers/open-parties.js';
import type { Cut } from './past-identity.js';
import type { PastCustomer } from '../customers/past-view.js';
import type { LinkRow } from '../sqlite/identity-tables.js';

/** The rule of every automatic link: both were named in one event. */
export const SAME_EVENT = 'same-event';
/** The rule of what a person decided. */
const PERSON = 'person';
/** Refused links of a page, at most: a value that never links may have any number. */
export const MOST_REFUSED = 1_000;

/** A link that counts for its pair, and why it does not join, if it does not. */
interface FoundLink extends LinkRow {
  readonly refusal: Refusal | undefined;
}

/** Whose identity is asked for, live or in the past. */
export interface IdentitySources {
  readonly rows: CustomerRows;
  readonly vault: Vault;
  readonly parties: readonly KnownParty[];
  readonly past: PastCustomer | undefined;
  readonly cut: Cut;
  related(): Promise<RelatedCustomers[]>;
}

/** Who is who on a customer, and why; undefined where every key of it is gone. */
export async function identityPage(
  sources: IdentitySources,
  page: IdentityQuery,
): Promise<IdentityPage | undefined> {
  const { rows, vault, past } = sources;
  const parties = await openParties(vault, sources.parties);
  const [first] = parties;
  if (first === undefined) return undefined;
  const after = page.cursor === undefined ? undefined : readCursor(page.cursor, isPlace);
  const isAfter = ({ naming, id }: OpenParty): boolean =>
    after === undefined ||
    placeOf(naming.first) > after[0] ||
    (placeOf(naming.first) === after[0] && id > after[1]);
  const rest = parties.filter(isAfter);
  const shown = rest.slice(0, page.limit);
  const last = shown.at(-1);
  const told = await new LinksOfPage(sources, parties, shown).tell(page.explain === true);
  return {
    id: first.id,
    parties: shown.map(({ handle, id, kind, value, naming }) => ({
      id,
      kind,
      value,
      strength: STRENGTHS[naming.strength] ?? 'claimed',
      events: past?.entries.filter(({ party }) => party === handle).length ?? rows.events(handle),
    })),
    ...told,
    related: after === undefined ? await sources.related() : [],
    next: rest.length > shown.length && last ? writeCursor([placeOf(last.naming.first), last.id]) : null,
  };
}

/** JSON has no infinity: a party that only decisions name comes last. */
const placeOf = (first: number): number => Math.min(first, Number.MAX_SAFE_INTEGER);

class LinksOfPage {
  private readonly members: ReadonlySet<Party>;
  private readonly page: ReadonlySet<Party>;
  private readonly ids = new Map<Party, string>();

  constructor(
    private readonly sources: IdentitySources,
    parties: readonly OpenParty[],
    shown: readonly OpenParty[],
  ) {
    this.members = new Set(sources.parties.map(({ handle }) => handle));
    this.page = new Set(shown.map(({ handle }) => handle));
    for (const { handle, id } of parties) this.ids.set(handle, id);
  }

  /** Each link once: with the first of its ends that a page shows. What was taken back is told to who asks to explain. */
  async tell(explain: boolean): Promise<Pick<IdentityPage, 'links' | 'refused' | 'decisions'>> {
    const found = this.links();
    const { decisions, joined, refused: undone } = this.decided();
    const named = [...found, ...joined, ...undone].flatMap(({ a, b }) => [a, b]);
    await this.name([...named, ...decisions.flatMap(({ parties, rest = [] }) => [...parties, ...rest])]);
    const joins = found.filter(({ refusal }) => refusal === undefined);
    const stopped = [
      ...(explain ? undone : []),
      ...found.filter(({ refusal }) => refusal !== undefined),
    ].slice(0, MOST_REFUSED);
    return {
      links: [
        ...joins.flatMap((link) => this.link(link, SAME_EVENT)),
        ...joined.flatMap((link) => this.link(link, PERSON)),
      ].sort(byEnds),
      refused: (await Promise.all(stopped.map((link) => this.refused(link)))).flat().sort(byEnds),
      ...(explain && { decisions: decisions.flatMap((decision) => this.decision(decision)) }),
    };
  }

  private links(): FoundLink[] {
    const { past, rows } = this.sources;
    const all = past?.links ?? [...this.page].flatMap((party) => rows.identity.counting(party));
    const once = new Map<string, FoundLink>();
    for (const link of all) if (this.isHere(link)) once.set(`${link.a}/${link.b}`, link);
    return [...once.values()];
  }

  /** On the page of the lesser of its ends that are this customer's. */
  private isHere({ a, b }: { readonly a: Party; readonly b: Party }): boolean {
    return this.page.has(this.members.has(a) ? a : b);
  }

  /** People's decisions that name the customer, with the links that they make and those that a newer unlink refuses. */
  private decided(): {
    decisions: (Decision & { holds: boolean })[];
    joined: FoundLink[];
    refused: FoundLink[];
  } {
    const all = this.allDecisions();
    if (all.size === 0) return { decisions: [], joined: [], refused: [] };
    // Only people's decisions: what rules say of links does not matter here.
    const traits = (): { kind: string; never: undefined; first: number } => ({
      kind: '',
      never: undefined,
      first: 0,
    });
    const { refusedDecisions, held } = resolveIdentity(
      { links: [], decisions: [...all.values()], traits },
      DEFAULT_RULES,
    );
    const stopped = new Map(
      refusedDecisions.map(({ event, parties, because }) => [`${event}/${parties.join('/')}`, because]),
    );
    const joined: FoundLink[] = [];
    const refused: FoundLink[] = [];
    const here: (Decision & { holds: boolean })[] = [];
    for (const decision of all.values()) {
      const { event, at, parties, rest } = decision;
      if (![...parties, ...(rest ?? [])].some((party) => this.members.has(party))) continue;
      const [first, ...others] = parties;
      let holds = held.has(event);
      for (const party of rest === undefined ? others : []) {
        const because = stopped.get(`${event}/${first}/${party}`);
        if (because === undefined) holds = true;
        const [a, b] = [first as Party, party].sort((x, y) => x - y) as [Party, Party];
        const refusal: Refusal | undefined =
          because === undefined ? undefined : { rule: 'unlinked', because };
        const link = { a, b, event, at, strength: 0, place: 0, position: 0, refusal };
        if (this.isHere(link) && (this.members.has(a) || this.members.has(b)))
          (refusal === undefined ? joined : refused).push(link);
      }
      here.push({ ...decision, holds });
    }
    return { decisions: here.sort((x, y) => y.at - x.at || (x.event > y.event ? -1 : 1)), joined, refused };
  }

  /** Those that name the customer, those that name whom these name, and so on: what a newer one says counts for all. */
  private allDecisions(): Map<number, Decision> {
    const { identity } = this.sources.rows;
    const found = new Map<number, Decision>();
    const met = new Set<Party>();
    for (let next = [...this.members]; next.length > 0;) {
      const here = next.filter((party) => !met.has(party));
      next = [];
      for (const party of here) {
        if (met.has(party)) continue;
        met.add(party);
        for (const position of identity.decisionsOf(party, this.sources.cut)) {
          if (found.has(position)) continue;
          const decision = identity.decision(position);
          found.set(position, decision);
          for (const one of [...decision.parties, ...(decision.rest ?? [])]) next.push(one);
        }
      }
    }
    return found;
  }

  /** The ids of parties that are not this customer's. */
  private async name(parties: readonly Party[]): Promise<void> {
    const strangers = [...new Set(parties)].filter((party) => !this.ids.has(party));
    const keyring = await this.sources.vault.keys(strangers);
    for (const party of strangers) {
      const record = keyring.party(party);
      if (record !== undefined) this.ids.set(party, record.party);
    }
  }

  private link({ a, b, event, strength, at }: FoundLink, rule: string): IdentityLink[] {
    const [x, y] = [this.ids.get(a), this.ids.get(b)].sort();
    if (x === undefined || y === undefined) return [];
    return [
      { a: x, b: y, event, rule, strength: STRENGTHS[strength] as Strength, at: new Date(at).toISOString() },
    ];
  }

  private async refused(link: FoundLink): Promise<RefusedLink[]> {
    const { refusal } = link;
    if (refusal === undefined) return [];
    const stranger = [link.a, link.b].find((party) => !this.members.has(party));
    const joins = stranger === undefined ? null : await this.customer(stranger);
    return this.link(link, refusal.rule).map((told) => ({
      ...told,
      because: refusal.because ?? null,
      joins,
    }));
  }

  private async customer(party: Party): Promise<{ customer: string; parties: number } | null> {
    const { rows, vault, past } = this.sources;
    const parties = (await past?.elsewhere(party)) ?? rows.parties(rows.customerOf(party) ?? -1);
    const customer = await idOf(vault, parties);
    return customer === undefined ? null : { customer, parties: parties.length };
  }

  private decision({ event, at, parties, rest, holds }: Decision & { holds: boolean }): IdentityDecision[] {
    const known = (list: readonly Party[]): string[] => list.flatMap((party) => this.ids.get(party) ?? []);
    return [
      {
        event,
        type: rest === undefined ? 'identity.linked' : 'identity.unlinked',
        at: new Date(at).toISOString(),
        parties: known(parties),
        rest: rest === undefined ? null : known(rest),
        holds,
      },
    ];
  }
}

const byEnds = (x: IdentityLink, y: IdentityLink): number =>
  `${x.a}${x.b}${x.event}` < `${y.a}${y.b}${y.event}` ? -1 : 1;
