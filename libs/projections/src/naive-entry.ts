import { rfc3339 } from './naive-order.js';
import type { NaiveIdentifier } from './naive-record.js';
import type { NaiveRow } from './naive-row.js';
import type { TimelineEntry } from './timeline-entry.js';

/** What is shown as it came, under its own name. */
const SHOWN = [
  'object',
  'sequence',
  'brand',
  'store',
  'country',
  'staff',
  'participants',
  'content',
  'facts',
  'asks',
  'promises',
];

/** The part of `data` that each type calls its own; of any other type there is none. */
const OWN: Readonly<Record<string, string>> = {
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
  'promise.kept': 'promise',
  'promise.broken': 'promise',
};

/** Fields that an entry has for every type, in a form of its own. */
const FIXED = ['channel', 'direction', 'conversation'];

const ownPart = (type: string): string | undefined => (Object.hasOwn(OWN, type) ? OWN[type] : undefined);

/** A map, not a record: a type may well begin with `constructor`. */
const CHANNELS: ReadonlyMap<string, string> = new Map([
  ['call', 'phone'],
  ['visit', 'store'],
  ['purchase', 'store'],
]);

/** As the event says, else by the type's first word. */
export function naiveChannel(type: string, data: { readonly [name: string]: unknown }): string {
  if (typeof data['channel'] === 'string') return data['channel'];
  const [word = ''] = type.split('.', 1);
  return CHANNELS.get(word) ?? word;
}

/** As the log has it; an empty name is none. */
const identifierOf = ({ kind, value, strength, name }: NaiveIdentifier): object => ({
  kind,
  value,
  strength,
  ...(name && { name }),
});

/** The event as the timeline shows it, without its one-line summary, which is presentation. */
export function naiveEntry({ fact, home }: NaiveRow): TimelineEntry {
  const { data, type } = fact;
  const own = ownPart(type);
  const entry: Record<string, unknown> = {
    event: fact.event,
    source: fact.source,
    id: fact.id,
    interaction: fact.interaction,
    type,
    channel: naiveChannel(type, data),
    at: rfc3339(fact.at),
    recordedAt: rfc3339(fact.recordedAt),
    position: String(fact.position),
    direction: data['direction'] ?? null,
    conversation: data['conversation'] ?? null,
    summary: null,
    party: home,
  };
  const extra: [string, unknown][] = [];
  for (const [name, value] of Object.entries(data)) {
    if (name === 'identifiers') entry[name] = fact.data.identifiers?.map(identifierOf);
    else if (SHOWN.includes(name) || name === own) entry[name] = value;
    else if (!FIXED.includes(name)) extra.push([name, value]);
  }
  if (extra.length > 0) entry['extra'] = Object.fromEntries(extra);
  return entry as unknown as TimelineEntry;
}
