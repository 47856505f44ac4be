import type { ExplainedCard } from '@threadline/projections/explanation';
import {
  recentNames,
  recentPurchases,
  SEARCHED_FOR_NAMES,
  SEARCHED_PURCHASES,
} from '@threadline/projections/recent';
import { positionsOf, renderCard, type CardSource } from '@threadline/projections/render-card';
import {
  positionsExplaining,
  renderExplanation,
  type Evidence,
} from '@threadline/projections/render-explanation';
import type { Summary } from '@threadline/projections/summary';
import { NAMED } from '@threadline/projections/trail';
import type { CustomerRows, ExplainedParty } from './customer-rows.js';
import { GREATEST, LEAST } from './entry-key.js';
import type { OpenedLog } from './opened-log.js';
import type { PastCustomer } from './past-view.js';

/** Which entries of a customer: those of a channel, or of some types without superseded versions, or all. */
interface Asked {
  readonly limit: number;
  readonly order?: 'asc';
  readonly channel?: string;
  readonly standing?: readonly string[];
}

/** What a customer is made of, live or in the past, with what shows it. */
export interface Explained {
  readonly parties: readonly ExplainedParty[];
  readonly summary: Summary;
  /** Positions of entries, latest first unless asked otherwise. */
  readonly entries: (asked: Asked) => Promise<number[]>;
}

/** Of a rare channel or type every entry of the customer is looked at: 25 ms for 500,000. */
export const liveExplained = async (rows: CustomerRows, customer: number): Promise<Explained> => ({
  parties: await rows.explainedParties(customer),
  summary: await rows.explainedSummary(customer),
  entries: async (asked) => {
    const entries = await rows.entries(customer, { from: LEAST, to: GREATEST, order: 'desc', ...asked });
    return entries.map(({ position }) => position);
  },
});

export const pastExplained = ({ parties, summary, entries }: PastCustomer): Explained => ({
  parties,
  summary,
  entries: async ({ limit, order, channel, standing }) => {
    const found = entries.filter(
      (entry) =>
        (channel === undefined || entry.channel === channel) &&
        (standing === undefined || (entry.stands && standing.includes(entry.type))),
    );
    const first = order === 'asc' ? found.slice(0, limit) : found.slice(-limit).reverse();
    return first.map(({ position }) => position);
  },
});

type Source = CardSource & Pick<Evidence, 'parties'>;

/** The card of `source` with what explains it. */
export async function explainedCard(
  source: Source,
  customer: Explained,
  opened: OpenedLog,
  now: number,
): Promise<ExplainedCard> {
  const evidence: Evidence = { ...source, ...(await evidenceOf(customer, opened)) };
  const data = await opened.data(new Set([...positionsOf(source), ...positionsExplaining(evidence, now)]));
  return { ...renderCard(source, data, now), explain: renderExplanation(evidence, data, now) };
}

/** What is not kept with the summaries is looked up on the timeline. */
async function evidenceOf(
  { parties, summary, entries }: Explained,
  opened: OpenedLog,
): Promise<Omit<Evidence, keyof Source>> {
  const standing = (limit: number, ...types: string[]): Promise<number[]> =>
    entries({ limit, standing: types });
  const latest = await opened.logged(await entries({ limit: SEARCHED_FOR_NAMES }));
  const handles = new Set(parties.map(({ handle }) => handle));
  const known = parties.flatMap(({ naming }) => (naming.name === null ? [] : [naming.name]));
  const purchases = [
    ...(summary.orders > 0 ? await standing(SEARCHED_PURCHASES, 'purchase.completed') : []),
    ...(summary.returns > 0 ? await standing(SEARCHED_PURCHASES, 'purchase.returned') : []),
  ];
  const channels = new Map<string, number[]>();
  for (const channel of summary.counts.keys())
    channels.set(channel, await entries({ limit: NAMED, channel }));
  return {
    names: {
      count: parties.reduce((sum, { naming }) => sum + naming.named, 0),
      latest: recentNames(latest, handles, known),
    },
    purchases: recentPurchases(await opened.logged(purchases)),
    first: (await entries({ limit: 1, order: 'asc' }))[0],
    last: (await entries({ limit: 1 }))[0],
    channels,
    mentions: summary.mentions > 0 ? await standing(NAMED, 'social.post', 'social.mention') : [],
    visits: summary.visits > 0 ? await standing(NAMED, 'visit.started') : [],
  };
}
