import { CATALOGUE, isKnownType, type OwnPart } from '@threadline/domain/event-catalogue';
import type { ClearData } from '@threadline/domain/stored-event';
import {
  addAmount,
  addCategory,
  addConsent,
  addCount,
  addPromise,
  addSurvey,
  addVisit,
  greatest,
  ITEMS,
  keepLater,
} from './summary.js';
import { keepLatest, later, least, WORDS, type Summary } from './summary.js';
import { fromNumber, negate, plain, times } from './decimal.js';
import { consentKey, contributeReasons } from './reasons.js';
import type { ProjectedEvent } from './projected-event.js';
import type { PlacedRef, Ref } from './refs.js';

/** How one event counts, seen among all the events of its interaction. */
export interface Standing {
  readonly event: ProjectedEvent;
  /** Handle of the party under which the event stands; undefined: nobody's (yet). */
  readonly home: number | undefined;
  /** No greater version of it is there: its own part stands on the card. */
  readonly stands: boolean;
}

/** Of these parts only the greatest version stands. */
const VERSIONED: ReadonlySet<OwnPart | undefined> = new Set<OwnPart | undefined>([
  'purchase',
  'survey',
  'visit',
  'social',
  'consent',
  'profile',
]);

const isVersioned = (type: string): boolean => isKnownType(type) && VERSIONED.has(CATALOGUE[type]);

/** Versions order by sequence (absent first), then time, then event id. */
function compareVersions(a: ProjectedEvent, b: ProjectedEvent): number {
  const bySequence = (a.clear.sequence ?? -Infinity) - (b.clear.sequence ?? -Infinity);
  if (bySequence !== 0 && !Number.isNaN(bySequence)) return bySequence;
  return compareEvents(a, b);
}

const compareEvents = (a: ProjectedEvent, b: ProjectedEvent): number =>
  a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const ownHome = (event: ProjectedEvent): number | undefined => event.parties[event.home]?.key;

/** Homes and versions within one interaction: a function of the set of its events. */
export function standings(events: readonly ProjectedEvent[]): Standing[] {
  let named: ProjectedEvent | undefined;
  const greatestOf = new Map<string, ProjectedEvent>();
  for (const event of events) {
    if (event.home >= 0 && (named === undefined || compareEvents(event, named) < 0)) named = event;
    if (isVersioned(event.type)) {
      const known = greatestOf.get(event.type);
      if (known === undefined || compareVersions(event, known) > 0) greatestOf.set(event.type, event);
    }
  }
  const adopted = named === undefined ? undefined : ownHome(named);
  return events.map((event) => ({
    event,
    home: ownHome(event) ?? adopted,
    stands: !isVersioned(event.type) || greatestOf.get(event.type) === event,
  }));
}

/** Adds what one event gives to the summary of its home. */
export function contribute(into: Summary, { event, stands }: Standing, interaction: string): void {
  const { clear, at, id, position } = event;
  into.first = least(into.first, at);
  into.last = greatest(into.last, at);
  addCount(into.counts, clear.channel, 1);
  // Of one event's facts in a slot, and of its promises of one id, the last wins: later places overwrite.
  const facts = new Map(clear.facts?.map((slot, place) => [slot, place] as const));
  for (const [slot, place] of facts) keepLater(into.facts, slot, [at, id, position, place]);
  const promises = new Map(clear.promises?.map((token, place) => [token, place] as const));
  for (const [token, place] of promises) addPromise(into, token, { made: [at, id, position, place] });
  if (clear.promise !== undefined) addPromise(into, clear.promise, { closed: [at, id, position] });
  if (stands) contributeOwnPart(into, event, interaction);
  contributeReasons(into.reasons, event, stands);
}

function contributeOwnPart(into: Summary, event: ProjectedEvent, interaction: string): void {
  const { clear, at, id, position } = event;
  const ref: Ref = [at, id, position];
  switch (event.type) {
    case 'purchase.completed':
    case 'purchase.returned':
      if (clear.purchase !== undefined) contributePurchase(into, event, clear.purchase);
      return;
    case 'survey.answered':
      if (clear.survey !== undefined) {
        const { metric, score } = clear.survey;
        addSurvey(into, metric, { count: 1, sum: fromNumber(score), last: [at, id, position, score] });
      }
      return;
    case 'visit.started':
      into.visits++;
      into.lastVisit = greatest(into.lastVisit, at);
      addVisit(into, interaction, [at, id, position, clear.store ?? null]);
      return;
    case 'visit.ended':
      addVisit(into, interaction, 'ended');
      return;
    case 'social.post':
    case 'social.mention':
    case 'social.message':
      if (event.type !== 'social.message') into.mentions++;
      keepLatest(into.words, [ref], WORDS);
      return;
    case 'consent.given':
    case 'consent.withdrawn':
      if (clear.consent !== undefined) {
        const given = event.type === 'consent.given';
        addConsent(into, consentKey(clear.consent), { at, event: id, position, given });
      }
      return;
    case 'profile.stated':
      for (const field of clear.profile ?? []) keepLater(into.profile, field, ref);
      if (clear.named === true) into.named = later(into.named, ref);
  }
}

function contributePurchase(
  into: Summary,
  { type, at, id, position }: ProjectedEvent,
  { currency, total, items = [] }: NonNullable<ClearData['purchase']>,
): void {
  const bought = type === 'purchase.completed';
  const signed = bought ? plain : negate;
  addAmount(into.spend, currency, signed(total));
  addCount(into.spendEvents, currency, 1);
  const met = new Set<string>();
  for (const { category, quantity, price } of items) {
    if (category === undefined) continue;
    const pieces = fromNumber(quantity);
    const spend = new Map([[currency, signed(times(price, pieces))]]);
    addCategory(into, category, { quantity: signed(pieces), spend, events: met.has(category) ? 0 : 1 });
    met.add(category);
  }
  if (!bought) {
    into.returns++;
    return;
  }
  into.orders++;
  into.lastOrder = greatest(into.lastOrder, at);
  const refs = items.slice(0, ITEMS).map((_, place): PlacedRef => [at, id, position, place]);
  keepLatest(into.items, refs, ITEMS);
}
