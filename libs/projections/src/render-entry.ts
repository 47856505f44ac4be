import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import {
  CATALOGUE,
  isKnownType,
  type CommonData,
  type Consent,
  type Purchase,
  type Survey,
} from '@threadline/domain/event-catalogue';
import type { ClearData } from '@threadline/domain/stored-event';
import type { TimelineEntry } from './timeline-entry.js';

/** An event of a timeline, opened. */
export interface EntrySource {
  readonly event: string;
  readonly interaction: string;
  readonly type: string;
  readonly position: number;
  readonly recordedAt: number;
  readonly at: number;
  readonly source: string;
  readonly clear: ClearData;
  /** Id of the home. */
  readonly party: string;
  /** The adapter's id and the data as it came; absent where the key is gone. */
  readonly opened: { readonly id: string; readonly data: JsonObject } | undefined;
  /** Normalised, as the timeline shows them. */
  readonly identifiers: readonly Json[];
}

/** Members of `data` that an entry shows under their own name, whatever the type. */
const COMMON = [
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
] as const;

/** Members that are shown in another form. */
const ELSEWHERE: ReadonlySet<string> = new Set(['channel', 'direction', 'conversation', 'identifiers']);

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function renderEntry(source: EntrySource): TimelineEntry {
  const { clear, opened } = source;
  const entry: TimelineEntry = {
    event: source.event,
    source: source.source,
    id: opened?.id ?? null,
    interaction: source.interaction,
    type: source.type,
    channel: clear.channel,
    at: new Date(source.at).toISOString(),
    recordedAt: new Date(source.recordedAt).toISOString(),
    position: String(source.position),
    direction: clear.direction ?? null,
    conversation: text(opened?.data['conversation']),
    summary: opened === undefined ? null : summaryOf(source.type, opened.data),
    party: source.party,
  };
  if (opened === undefined) return { ...entry, forgotten: true, ...clearMembers(clear) };
  if (source.identifiers.length > 0) entry.identifiers = [...source.identifiers];
  const own = isKnownType(source.type) ? CATALOGUE[source.type] : undefined;
  const shown = new Set<string>(own === undefined ? COMMON : [...COMMON, own]);
  const members: [string, Json][] = [];
  const extra: [string, Json][] = [];
  for (const [member, value] of Object.entries(opened.data)) {
    if (shown.has(member)) members.push([member, value]);
    else if (!ELSEWHERE.has(member)) extra.push([member, value]);
  }
  Object.assign(entry, Object.fromEntries(members));
  if (extra.length > 0) entry.extra = Object.fromEntries(extra);
  return entry;
}

function clearMembers({ sequence, brand, store }: ClearData): Partial<TimelineEntry> {
  return {
    ...(sequence === undefined ? {} : { sequence }),
    ...(brand === undefined ? {} : { brand }),
    ...(store === undefined ? {} : { store }),
  };
}

const LINE = 140;

function line(...candidates: unknown[]): string | undefined {
  for (const candidate of candidates) {
    if (typeof candidate !== 'string') continue;
    const flat = candidate.replace(/\s+/g, ' ').trim();
    if (flat !== '') return flat.length > LINE ? `${[...flat.slice(0, LINE)].slice(0, -1).join('')}…` : flat;
  }
  return undefined;
}

/** One line for a person who has three seconds. */
export function summaryOf(type: string, data: JsonObject): string {
  const { content } = data as CommonData;
  const own = isKnownType(type) ? (data[CATALOGUE[type] ?? ''] as JsonObject | undefined) : undefined;
  const said = line(content?.subject, content?.text, content?.html?.replace(/<[^>]*>/g, ' '));
  switch (isKnownType(type) ? type : undefined) {
    case 'purchase.completed':
    case 'purchase.returned': {
      const { currency, total, items = [], order } = own as unknown as Purchase;
      const what = items.map((item) => item.name ?? item.sku ?? item.category ?? 'item').join(', ');
      const verb = type === 'purchase.completed' ? 'Bought' : 'Returned';
      return (
        line(
          `${verb} ${what || 'goods'} for ${total} ${currency}${order === undefined ? '' : ` (${order})`}`,
        ) ?? verb
      );
    }
    case 'survey.answered': {
      const { metric, score, comment } = own as unknown as Survey;
      const words = comment === undefined ? '' : `: ${comment}`;
      return line(`${metric.toUpperCase()} ${score}${words}`) ?? type;
    }
    case 'visit.started':
    case 'visit.ended': {
      const place = line(own?.['zone'], data['store']);
      return `${type === 'visit.started' ? 'Came in' : 'Left'}${place === undefined ? '' : `: ${place}`}`;
    }
    case 'call.started':
    case 'call.ended':
    case 'call.transcribed': {
      const transcript = own?.['transcript'];
      const spoken = Array.isArray(transcript)
        ? (transcript[0] as JsonObject | undefined)?.['text']
        : undefined;
      return said ?? line(spoken, own?.['outcome']) ?? `Call ${type.slice(5)}`;
    }
    case 'web.viewed':
    case 'web.tracked':
      return line(own?.['title'], own?.['event'], own?.['url']) ?? type;
    case 'consent.given':
    case 'consent.withdrawn': {
      const { purpose, channel } = own as unknown as Consent;
      const verb = type === 'consent.given' ? 'Agreed to' : 'Withdrew';
      return `${verb} ${purpose}${channel === undefined ? '' : ` by ${channel}`}`;
    }
    case 'profile.stated':
      return `Stated ${Object.keys(own ?? {}).join(', ') || 'nothing'}`;
    case 'promise.kept':
    case 'promise.broken':
      return `Promise ${(own as { id: string }).id} ${type === 'promise.kept' ? 'kept' : 'broken'}`;
    default:
      return said ?? type;
  }
}
