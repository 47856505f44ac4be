import { channelOf, isKnownType, type CommonData, type InteractionEvent } from './event-catalogue.js';
import { categoryOf, firstSideOf } from './decision.js';
import { promiseToken, type Hash } from './ids.js';
import type { Strength } from './identifier.js';
import type { JsonObject } from './canonical-json.js';

/** One identifier of a stored event. `key` is the handle of its party's key. */
export interface StoredParty {
  readonly key: number;
  readonly kind: string;
  readonly strength: Strength;
  /** It came with a name (a string that is not empty). */
  readonly named?: true;
  /** Sealed under `key`, context `<event id>/<index>`: the identifier as it came, as JSON. The home has none: see `box` below. */
  readonly box?: string;
}

/**
 * An event as the log holds it: JSON, version 1. Everything that is not in `clear` is in a box.
 * `box` (context `<event id>/event`) is the CloudEvent as it came, as JSON, with `null` for each whom it names
 * (`namedIn`: of a decision its parties and its rest) but the home; sealed under the home's key, or, where nobody is
 * named, under its stream's (`key`).
 */
export interface StoredEvent {
  readonly v: 1;
  readonly source: string;
  /** Business time, milliseconds since 1970. */
  readonly at: number;
  /** The event came without a time: `at` is when it arrived. */
  readonly arrived?: true;
  readonly mode?: 'backfill';
  /** Keyed hash of the content as it was sent. */
  readonly hash: string;
  readonly parties: readonly StoredParty[];
  /** Index of the home among `parties`, -1 where nobody is named. */
  readonly home: number;
  /** Absent where `declaresClear` says no: such an event is sealed wholly. */
  readonly clear?: ClearData;
  readonly key: number;
  readonly box: string;
}

/**
 * What of an event's data is stored in clear: what statistics need and no person can be known by. Declared here,
 * once per type, and nowhere else.
 */
export interface ClearData {
  channel: string;
  sequence?: number;
  direction?: string;
  brand?: string;
  store?: string;
  /** The slots of `facts`, in order; the values are sealed. */
  facts?: string[];
  asks?: string[];
  /** Keyed tokens of the ids of `promises`, in order. */
  promises?: string[];
  purchase?: {
    currency: string;
    total: string;
    items?: { sku?: string; category?: string; quantity: number; price: string }[];
  };
  survey?: { metric: string; score: number };
  visit?: { detector: string; zone?: string };
  social?: { platform?: string };
  consent?: { purpose: string; channel?: string };
  /** The names of the profile's fields; the values are sealed. */
  profile?: string[];
  /** The profile has a name (a string that is not empty). */
  named?: true;
  /** Keyed token of the id of the promise that was kept or broken. */
  promise?: string;
  /** Of `identity.unlinked`: so many of those it names, the first ones, are the side that is taken away. */
  firstSide?: number;
}

/** Of interactions those of the catalogue; all that is no interaction. */
export const declaresClear = (type: string): boolean =>
  isKnownType(type) || categoryOf(type) !== 'interaction';

const text = (value: unknown): value is string => typeof value === 'string';

/** The clear part of an event's data. `data` has passed validation. */
export function clearData(type: string, data: JsonObject, hash: Hash): ClearData {
  if (categoryOf(type) !== 'interaction') return ofDecision(type, data);
  const common = data as CommonData;
  const clear: ClearData = { channel: channelOf(type, text(common.channel) ? common.channel : undefined) };
  if (common.sequence !== undefined) clear.sequence = common.sequence;
  if (common.direction !== undefined) clear.direction = common.direction;
  if (common.brand !== undefined) clear.brand = common.brand;
  if (common.store !== undefined) clear.store = common.store;
  if (common.facts?.length) clear.facts = common.facts.map((fact) => fact.slot);
  if (common.asks?.length) clear.asks = common.asks;
  if (common.promises?.length) clear.promises = common.promises.map(({ id }) => promiseToken(hash, id));
  if (isKnownType(type)) addOwnPart(clear, { type, data } as never, hash);
  return clear;
}

/** Who decided, and why, is as personal as whom it is about. */
const ofDecision = (type: string, data: JsonObject): ClearData => ({
  channel: channelOf(type, undefined),
  ...(type === 'identity.unlinked' && { firstSide: firstSideOf(data) }),
});

function addOwnPart(clear: ClearData, event: InteractionEvent, hash: Hash): void {
  switch (event.type) {
    case 'purchase.completed':
    case 'purchase.returned': {
      const { currency, total, items } = event.data.purchase;
      clear.purchase = { currency, total };
      if (items?.length) {
        clear.purchase.items = items.map(({ sku, category, quantity, price }) => ({
          ...(sku === undefined ? {} : { sku }),
          ...(category === undefined ? {} : { category }),
          quantity,
          price,
        }));
      }
      return;
    }
    case 'survey.answered':
      clear.survey = { metric: event.data.survey.metric, score: event.data.survey.score };
      return;
    case 'visit.started':
    case 'visit.ended': {
      const { detector, zone } = event.data.visit;
      clear.visit = zone === undefined ? { detector } : { detector, zone };
      return;
    }
    case 'social.post':
    case 'social.mention':
    case 'social.message': {
      const platform = event.data.social?.platform;
      clear.social = platform === undefined ? {} : { platform };
      return;
    }
    case 'consent.given':
    case 'consent.withdrawn': {
      const { purpose, channel } = event.data.consent;
      clear.consent = channel === undefined ? { purpose } : { purpose, channel };
      return;
    }
    case 'profile.stated':
      clear.profile = Object.keys(event.data.profile);
      if (text(event.data.profile['name']) && event.data.profile['name'].trim() !== '') clear.named = true;
      return;
    case 'promise.kept':
    case 'promise.broken':
      clear.promise = promiseToken(hash, event.data.promise.id);
      return;
    case 'email.received':
    case 'email.sent':
    case 'email.bounced':
    case 'chat.message':
    case 'call.started':
    case 'call.ended':
    case 'call.transcribed':
    case 'web.viewed':
    case 'web.tracked':
    case 'note.written':
      return;
    default:
      event satisfies never;
  }
}
