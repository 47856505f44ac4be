import type { Json, JsonObject } from './canonical-json.js';
import type { Strength } from './identifier.js';

/** Who takes part; `value` is normalised on the way in, once. Unknown members are kept. */
export interface IdentifierData {
  kind: string;
  value: string;
  strength?: Strength;
  name?: string;
}

export interface Attachment {
  name?: string;
  mediaType?: string;
  size?: number;
  /** Lower-case hex. */
  sha256?: string;
}

export interface Content {
  subject?: string;
  text?: string;
  html?: string;
  language?: string;
  attachments?: Attachment[];
}

export interface Fact {
  slot: string;
  value: Json;
}

export interface PromiseMade {
  id: string;
  text?: string;
  /** RFC 3339 date or date-time, as it came. */
  due?: string;
}

/** The fields of `data` that mean the same in every type, known or not. */
export interface CommonData {
  object?: string;
  sequence?: number;
  conversation?: string;
  channel?: string;
  direction?: 'inbound' | 'outbound' | 'internal';
  brand?: string;
  store?: string;
  country?: string;
  identifiers?: IdentifierData[];
  participants?: IdentifierData[];
  staff?: { id?: string; name?: string };
  content?: Content;
  facts?: Fact[];
  asks?: string[];
  promises?: PromiseMade[];
}

export interface PurchaseItem {
  sku?: string;
  name?: string;
  category?: string;
  quantity: number;
  /** Decimal string, of one piece. */
  price: string;
}

export interface Purchase {
  order?: string;
  currency: string;
  /** Decimal string. */
  total: string;
  items?: PurchaseItem[];
}

export interface Survey {
  metric: 'nps' | 'csat' | 'ces';
  score: number;
  comment?: string;
  about?: string;
}

export interface Visit {
  detector: 'tap' | 'qr' | 'beacon' | 'vision' | 'associate';
  zone?: string;
  consent?: Json;
}

export interface Social {
  platform?: string;
  url?: string;
  inReplyTo?: string;
  sentiment?: Json;
}

export interface Consent {
  purpose: string;
  channel?: string;
  proof?: Json;
}

export interface Call {
  from?: string;
  to?: string;
  durationSeconds?: number;
  outcome?: string;
  transcript?: { at?: Json; speaker?: string; text?: string }[];
}

export interface Web {
  url?: string;
  title?: string;
  event?: string;
  properties?: JsonObject;
}

interface Typed<Type extends string, Data> {
  readonly type: Type;
  readonly data: CommonData & Data;
}

export type EmailReceived = Typed<'email.received', object>;
export type EmailSent = Typed<'email.sent', object>;
export type EmailBounced = Typed<'email.bounced', object>;
export type ChatMessage = Typed<'chat.message', object>;
export type SocialPost = Typed<'social.post', { social?: Social }>;
export type SocialMention = Typed<'social.mention', { social?: Social }>;
export type SocialMessage = Typed<'social.message', { social?: Social }>;
export type CallStarted = Typed<'call.started', { call?: Call }>;
export type CallEnded = Typed<'call.ended', { call?: Call }>;
export type CallTranscribed = Typed<'call.transcribed', { call?: Call }>;
export type VisitStarted = Typed<'visit.started', { visit: Visit }>;
export type VisitEnded = Typed<'visit.ended', { visit: Visit }>;
export type PurchaseCompleted = Typed<'purchase.completed', { purchase: Purchase }>;
export type PurchaseReturned = Typed<'purchase.returned', { purchase: Purchase }>;
export type SurveyAnswered = Typed<'survey.answered', { survey: Survey }>;
export type WebViewed = Typed<'web.viewed', { web?: Web }>;
export type WebTracked = Typed<'web.tracked', { web?: Web }>;
export type ProfileStated = Typed<'profile.stated', { profile: JsonObject }>;
export type ConsentGiven = Typed<'consent.given', { consent: Consent }>;
export type ConsentWithdrawn = Typed<'consent.withdrawn', { consent: Consent }>;
export type NoteWritten = Typed<'note.written', object>;
export type PromiseKept = Typed<'promise.kept', { promise: { id: string } }>;
export type PromiseBroken = Typed<'promise.broken', { promise: { id: string } }>;

/** What a channel can tell us, by `type`. Any other type whose name has a dot is kept as it is. */
export type InteractionEvent =
  | EmailReceived
  | EmailSent
  | EmailBounced
  | ChatMessage
  | SocialPost
  | SocialMention
  | SocialMessage
  | CallStarted
  | CallEnded
  | CallTranscribed
  | VisitStarted
  | VisitEnded
  | PurchaseCompleted
  | PurchaseReturned
  | SurveyAnswered
  | WebViewed
  | WebTracked
  | ProfileStated
  | ConsentGiven
  | ConsentWithdrawn
  | NoteWritten
  | PromiseKept
  | PromiseBroken;

export type EventType = InteractionEvent['type'];

/** The part of `data` that belongs to the type; of its versions only the greatest stands on the card. */
export type OwnPart =
  'purchase' | 'survey' | 'visit' | 'social' | 'consent' | 'profile' | 'call' | 'web' | 'promise';

/** Every known type, with its own part. */
export const CATALOGUE: Readonly<Record<EventType, OwnPart | undefined>> = {
  'email.received': undefined,
  'email.sent': undefined,
  'email.bounced': undefined,
  'chat.message': undefined,
  'social.post': 'social',
  'social.mention': 'social',
  'social.message': 'social',
  'call.started': 'call',
  'call.ended': 'call',
  'call.transcribed': 'call',
  'visit.started': 'visit',
  'visit.ended': 'visit',
  'purchase.completed': 'purchase',
  'purchase.returned': 'purchase',
  'survey.answered': 'survey',
  'web.viewed': 'web',
  'web.tracked': 'web',
  'profile.stated': 'profile',
  'consent.given': 'consent',
  'consent.withdrawn': 'consent',
  'note.written': undefined,
  'promise.kept': 'promise',
  'promise.broken': 'promise',
};

export const isKnownType = (type: string): type is EventType => Object.hasOwn(CATALOGUE, type);

/** The channel of an event: as it says, else by the type's first word. */
export function channelOf(type: string, channel: string | undefined): string {
  if (channel !== undefined) return channel;
  const word = type.slice(0, type.indexOf('.'));
  if (word === 'call') return 'phone';
  if (word === 'visit' || word === 'purchase') return 'store';
  return word;
}
