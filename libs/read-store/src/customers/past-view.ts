import { DEFAULT_RULES, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import type { Refusal } from '@threadline/domain/identity/identity-links';
import { contribute, standings, type Standing } from '@threadline/projections/contribution';
import type { ProjectedEvent } from '@threadline/projections/projected-event';
import { combineNamings, namings, type ExplainedNaming } from '@threadline/projections/naming';
import { emptySummary, type Summary } from '@threadline/projections/summary';
import { UNSEEN } from '../sqlite/naming-columns.js';
import type { EntryRow, ExplainedParty, KnownParty } from './customer-rows.js';
import { interactionOf, type LoggedEvent } from './decode.js';
import { entryKey, firstKeyAt } from './entry-key.js';
import { openRules } from '../identity/identity-rules-events.js';
import type { View } from './view.js';
import { pastIdentity, type PastIdentity } from '../identity/past-identity.js';
import type { Cut, LinkRow } from '../identity/identity-rows.js';

/** A link, and why it did not join, if it did not. */
export interface PastLink extends LinkRow {
  readonly refusal: Refusal | undefined;
}

interface PastEntry extends EntryRow {
  readonly type: string;
  readonly channel: string;
  readonly stands: boolean;
}

/** A customer as a hub would know it that holds only what lies at or before both clocks. */
export interface PastCustomer {
  readonly parties: ExplainedParty[];
  readonly summary: Summary;
  /** In the order of the timeline, oldest first. */
  readonly entries: PastEntry[];
  /** Those that an end of its parties has, joined or refused. */
  readonly links: PastLink[];
  /** The parties of the customer then of a party that is not this one's. */
  elsewhere(view: View, party: number): Promise<KnownParty[]>;
}

interface Known {
  readonly standing: Standing;
  readonly interaction: string;
}

/**
 * Works the past out from the log: whose parties were one customer by the links and decisions of then; of their events
 * those before both clocks are folded as if they were all. Only interactions with further events are read whole, since
 * another event may have been their home or their greatest version then.
 */
export async function pastCustomer(view: View, handle: number, cut: Cut): Promise<PastCustomer | undefined> {
  const [kind] = await view.rows.identity.kinds([handle]);
  if (kind === undefined) return undefined;
  const past = new Past(view, cut);
  const identity = await past.identity(handle);
  const customer = identity.identity.customerOf(handle);
  const members = new Set(
    identity.parties.filter((party) => identity.identity.customerOf(party) === customer),
  );
  const { known, inPassing } = await past.events(members);
  const named = namingsOf(known, inPassing);
  // Whom only decisions name is somebody as long as they join it with another.
  if (members.size > 1) for (const party of members) if (!named.has(party)) named.set(party, UNSEEN);
  const parties = [...named].filter(([party]) => members.has(party));
  if (parties.length === 0) return undefined;
  const summary = emptySummary();
  const entries: PastEntry[] = [];
  for (const { standing, interaction } of known) {
    const { home, event } = standing;
    if (home === undefined || !members.has(home)) continue;
    contribute(summary, standing, interaction);
    const { position, type, clear } = event;
    const key = entryKey(event.at, event.id);
    entries.push({ party: home, key, position, type, channel: clear.channel, stands: standing.stands });
  }
  return {
    parties: parties.map(([party, naming]) => ({ handle: party, naming })),
    summary,
    entries: entries.sort((a, b) => Buffer.compare(a.key, b.key)),
    links: await linksOf(identity, members),
    // The walk ends at a party that never links: what it did not meet is walked from anew.
    elsewhere: async (later, party) => {
      const then = new Past(later, cut);
      return then.customerOf(identity.parties.includes(party) ? identity : await then.identity(party), party);
    },
  };
}

/** The log as it was at a cut. */
class Past {
  constructor(
    private readonly view: View,
    private readonly cut: Cut,
  ) {}

  async identity(handle: number): Promise<PastIdentity> {
    const { rows, opened } = this.view;
    const sources = { rows: rows.identity, vault: opened.vault, rules: await this.rules() };
    return pastIdentity(sources, handle, this.cut, async (parties) => {
      const { known, inPassing } = await this.events(new Set(parties));
      const named = namingsOf(known, inPassing);
      return new Map([...named].map(([party, { first }]) => [party, first]));
    });
  }

  async customerOf({ identity, parties }: PastIdentity, party: number): Promise<KnownParty[]> {
    const customer = identity.customerOf(party);
    const members = new Set(parties.filter((other) => identity.customerOf(other) === customer));
    const { known, inPassing } = await this.events(members);
    const named = namingsOf(known, inPassing);
    return [...members].map((handle) => ({ handle, naming: named.get(handle) ?? UNSEEN }));
  }

  private async rules(): Promise<IdentityRules> {
    const { rows, opened } = this.view;
    const position = await rows.identity.rulesAt(this.cut.knownAt);
    const [event] = position === undefined ? [] : await opened.log.at([position]);
    return event === undefined ? DEFAULT_RULES : openRules(event, opened.vault);
  }

  /** The events that stand under these parties, as their interactions were then, and those that name them in passing. */
  async events(parties: ReadonlySet<number>): Promise<{ known: Known[]; inPassing: LoggedEvent[] }> {
    const { cut } = this;
    const { opened, rows } = this.view;
    const { alone, streams, mentions } = await candidates(this.view, [...parties], cut);
    const isKnown = ({ at, position }: LoggedEvent): boolean => at <= cut.asOf && position <= cut.knownAt;
    const known: Known[] = [];
    for (const event of (await opened.logged(alone)).filter(isKnown)) {
      known.push(
        ...standings([event]).map((standing) => ({ standing, interaction: interactionOf(event.stream) })),
      );
    }
    for (const stream of streams) {
      const all = (await opened.interaction(stream)).filter(isKnown);
      const parked = await rows.parkedOf(all.map(({ position }) => position));
      const events = all.filter(({ position }) => !parked.has(position));
      known.push(...standings(events).map((standing) => ({ standing, interaction: interactionOf(stream) })));
    }
    return { known, inPassing: (await opened.logged(mentions)).filter(isKnown) };
  }
}

async function candidates(
  { rows, opened }: View,
  parties: readonly number[],
  { asOf, knownAt }: Cut,
): Promise<{ alone: number[]; streams: Set<string>; mentions: Set<number> }> {
  const alone: number[] = [];
  const several: number[] = [];
  for (const place of await rows.places(parties, firstKeyAt(asOf + 1)))
    if (place.position <= knownAt) (place.several ? several : alone).push(place.position);
  const inPassing = await rows.mentions(parties);
  const events = await opened.log.at(several);
  return {
    alone,
    streams: new Set(events.flatMap((event) => (event === undefined ? [] : [event.stream]))),
    mentions: new Set(inPassing.filter((position) => position <= knownAt)),
  };
}

function namingsOf(known: readonly Known[], inPassing: readonly LoggedEvent[]): Map<number, ExplainedNaming> {
  // What stands under one party may name another in passing: it names both once.
  const events = new Map(inPassing.map((event) => [event.position, event as ProjectedEvent]));
  for (const { standing } of known) events.set(standing.event.position, standing.event);
  const named = new Map<number, ExplainedNaming>();
  for (const event of events.values()) {
    for (const [party, naming] of namings(event)) {
      const before = named.get(party);
      named.set(party, before === undefined ? naming : combineNamings(before, naming));
    }
  }
  return named;
}

/** The links of these parties. */
async function linksOf(
  { identity, links, linksOfClosed }: PastIdentity,
  members: ReadonlySet<number>,
): Promise<PastLink[]> {
  const found = new Map<string, PastLink>();
  for (const link of await linksOfClosed(members)) found.set(`${link.a}/${link.b}`, link);
  links.forEach((link, index) => {
    if (members.has(link.a) || members.has(link.b))
      found.set(`${link.a}/${link.b}`, { ...link, refusal: identity.refused[index] });
  });
  return [...found.values()];
}
