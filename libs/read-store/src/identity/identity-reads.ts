import type { Decision, Party, Refusal } from '@threadline/domain/identity/identity-links';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { resolveIdentity } from '@threadline/domain/identity/resolve-identity';
import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import type { Vault } from '@threadline/vault/vault';
import type { CountingLink, Cut } from './identity-rows.js';
import { isPlace, readCursor, writeCursor } from '../customers/cursor.js';
import type {
  IdentityDecision,
  IdentityLink,
  IdentityPage,
  IdentityQuery,
  RefusedLink,
  RelatedCustomers,
} from '../customers/customer-reads.js';
import type { KnownParty } from '../customers/customer-rows.js';
import type { View } from '../customers/view.js';
import { idOf, openParties, type OpenParty } from '../customers/open-parties.js';
import type { PastCustomer } from '../customers/past-view.js';

/** The rule of every automatic link: both were named in one event. */
export const SAME_EVENT = 'same-event';
/** The rule of what a person decided. */
const PERSON = 'person';
/** Refused links of a page, at most: a value that never links may have any number. */
export const MOST_REFUSED = 1_000;

/** Whose identity is asked for, live or in the past. */
export interface IdentitySources {
  readonly view: View;
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
  const { view, vault, past } = sources;
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
  const events = await eventsOf(shown, view, past);
  const told = await new LinksOfPage(sources, parties, shown).tell(page.explain === true);
  return {
    id: first.id,
    parties: shown.map(({ id, kind, value, naming }, index) => ({
      id,
      kind,
      value,
      strength: STRENGTHS[naming.strength] ?? 'claimed',
      events: events[index] ?? 0,
    })),
    ...told,
    related: after === undefined ? await sources.related() : [],
    next: rest.length > shown.length && last ? writeCursor([placeOf(last.naming.first), last.id]) : null,
  };
}

/** How many stand under each of these parties. */
async function eventsOf(
  parties: readonly KnownParty[],
  { rows }: View,
  past: PastCustomer | undefined,
): Promise<number[]> {
  const handles = parties.map(({ handle }) => handle);
  if (past === undefined) return rows.events(handles);
  const counts = new Map<number, number>();
  for (const { party } of past.entries) counts.set(party, (counts.get(party) ?? 0) + 1);
  return handles.map((handle) => counts.get(handle) ?? 0);
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
    const found = await this.links();
    const { decisions, joined, refused: undone } = await this.decided();
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

  /** By their ends: which are told of very many must not depend on where they lie. */
  private async links(): Promise<CountingLink[]> {
    const { past, view } = this.sources;
    const all = past?.links ?? (await view.rows.identity.counting([...this.page]));
    const once = new Map<string, CountingLink>();
    for (const link of all) if (this.isHere(link)) once.set(`${link.a}/${link.b}`, link);
    return [...once.values()].sort((x, y) => x.a - y.a || x.b - y.b);
  }

  /** On the page of the lesser of its ends that are this customer's. */
  private isHere({ a, b }: { readonly a: Party; readonly b: Party }): boolean {
    return this.page.has(this.members.has(a) ? a : b);
  }

  /** People's decisions that name the customer, with the links that they make and those that a newer unlink refuses. */
  private async decided(): Promise<{
    decisions: (Decision & { holds: boolean })[];
    joined: CountingLink[];
    refused: CountingLink[];
  }> {
    const all = await this.allDecisions();
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
    const joined: CountingLink[] = [];
    const refused: CountingLink[] = [];
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
  private async allDecisions(): Promise<Map<number, Decision>> {
    const { identity } = this.sources.view.rows;
    const found = new Map<number, Decision>();
    const met = new Set<Party>();
    for (let next = [...this.members]; next.length > 0;) {
      const here = [...new Set(next)].filter((party) => !met.has(party));
      for (const party of here) met.add(party);
      const positions = await identity.decisionsOf(here, this.sources.cut);
      const fresh = positions.filter((position) => !found.has(position));
      const decisions = await identity.decisions(fresh);
      fresh.forEach((position, index) => found.set(position, decisions[index] as Decision));
      next = decisions.flatMap(({ parties, rest }) => [...parties, ...(rest ?? [])]);
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

  private link({ a, b, event, strength, at }: CountingLink, rule: string): IdentityLink[] {
    const [x, y] = [this.ids.get(a), this.ids.get(b)].sort();
    if (x === undefined || y === undefined) return [];
    return [
      { a: x, b: y, event, rule, strength: STRENGTHS[strength] as Strength, at: new Date(at).toISOString() },
    ];
  }

  private async refused(link: CountingLink): Promise<RefusedLink[]> {
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
    const { view, vault, past } = this.sources;
    const parties = (await past?.elsewhere(view, party)) ?? (await this.partiesOf(party));
    const customer = await idOf(vault, parties);
    return customer === undefined ? null : { customer, parties: parties.length };
  }

  private async partiesOf(party: Party): Promise<readonly KnownParty[]> {
    const { rows } = this.sources.view;
    const [customer] = await rows.customersOf([party]);
    return customer === undefined ? [] : rows.parties(customer);
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
