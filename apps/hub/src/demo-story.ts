import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type { FoundCustomer, IdentityPage } from '@threadline/read-store/customers/customer-reads';
import { HubAnswerError, type HubApi } from './demo-api.js';
import type { SampleDay } from './demo-day.js';
import { decisiveLinks, reunions, type Reunion } from './demo-evening.js';
import { goldfishMoments, type GoldfishMoment } from './demo-goldfish.js';

/** Where in the log the day stood at two moments. */
export interface Marks {
  readonly evening: string;
  readonly tablet: string;
  readonly end: string;
}

/** The event that showed it. */
export interface Evidence {
  readonly at: string;
  readonly channel: string;
  readonly words: string;
}

/** What the demo tells when the day is over: all of it read from the hub. */
export interface Story {
  /** As the associate's tablet shows it while the customer walks in: what was known then, at that time. */
  readonly tablet: Card;
  readonly card: Card;
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
  readonly customersBefore: number;
  readonly customersAfter: number;
  readonly reunions: readonly (Reunion & { readonly by: readonly Evidence[] })[];
  readonly goldfish: readonly GoldfishMoment[];
}

/** Every customer that the hub knows, as far as its log was read when it answers `minPosition`. */
export const everybody = (api: HubApi, minPosition: string): Promise<FoundCustomer[]> =>
  api.all<'customers', FoundCustomer>('/v1/customers', 'customers', { limit: '200', minPosition });

/** Reads the story of a day that was played; `before` is everybody when the evening began. */
export async function readStory(
  api: HubApi,
  day: SampleDay,
  marks: Marks,
  before: readonly FoundCustomer[],
): Promise<Story> {
  const { kind, value, tablet: asOf } = day.heroine;
  const byIdentifier = `/v1/customers/by/${kind}/${encodeURIComponent(value)}`;
  const card = await api.get<Card>(byIdentifier, { minPosition: marks.end });
  const tablet = await api.get<Card>(byIdentifier, { asOf, knownAt: marks.tablet });
  const timeline = await timelineOf(api, card.id);
  const after = await everybody(api, marks.end);
  return {
    tablet,
    card,
    timeline,
    customersBefore: before.length,
    customersAfter: after.length,
    reunions: await Promise.all(reunions(before, after).map((reunion) => withEvidence(api, reunion))),
    goldfish: await goldfishMoments(timeline, (party, time) => cardBefore(api, party, time)),
  };
}

const timelineOf = (api: HubApi, id: string): Promise<TimelineEntry[]> =>
  api.all<'entries', TimelineEntry>(`/v1/customers/${id}/timeline`, 'entries', {
    limit: '200',
    order: 'asc',
  });

/** A customer as it stood just before a time; undefined where it was not known yet. */
async function cardBefore(api: HubApi, party: string, time: string): Promise<Card | undefined> {
  try {
    return await api.get<Card>(`/v1/customers/${party}`, {
      asOf: new Date(Date.parse(time) - 1).toISOString(),
    });
  } catch (error) {
    if (error instanceof HubAnswerError && error.answer.status === 404) return undefined;
    throw error;
  }
}

async function withEvidence(api: HubApi, reunion: Reunion): Promise<Story['reunions'][number]> {
  const path = `/v1/customers/${reunion.id}`;
  const identity = await api.get<IdentityPage>(`${path}/identity`, { limit: '200' });
  const entries = new Map((await timelineOf(api, reunion.id)).map((entry) => [entry.event, entry]));
  const events = new Set(decisiveLinks(reunion, identity).map(({ event }) => event));
  const by = [...events].flatMap((event) => {
    const entry = entries.get(event);
    return entry === undefined ? [] : [{ at: entry.at, channel: entry.channel, words: entry.summary ?? '' }];
  });
  return { ...reunion, by };
}
