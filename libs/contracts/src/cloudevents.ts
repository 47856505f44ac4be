import { isUtf8 } from 'node:buffer';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { categoryOf } from '@threadline/domain/decision';
import { oversizedElements } from './json-extents.js';

/** Bytes of one interaction as it was sent; in binary mode of its body. What else there is may fill the request. */
export const EVENT_LIMIT = 1_048_576;
/** Bytes of one request. */
export const REQUEST_LIMIT = 8 * 1_048_576;
/** More members than the smallest possible events would fit into a request: whatever it is, it is no batch. */
const MOST_EVENTS = 150_000;

/** A request as HTTP brings it. */
export interface EventsRequest {
  readonly contentType: string | undefined;
  /** Names in lower case; only `ce-*` are looked at. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  /**
   * Events that are no interactions may be as large as the request: an unlink names every party of a customer, and what
   * was given out must be taken back.
   */
  readonly decides?: boolean;
}

export type RefusedBody = {
  readonly kind: 'refused';
  /** 400 not what its content type says, 413 too large, 415 a content type that is not taken. */
  readonly status: 400 | 413 | 415;
  readonly code: 'bad-body' | 'too-large' | 'unknown-content-type';
  readonly detail: string;
};

export type ParsedEvents =
  | RefusedBody
  | {
      readonly kind: 'events';
      readonly mode: 'structured' | 'batch' | 'binary';
      /** As they came: nothing of them is checked yet. */
      readonly events: readonly Json[];
      /** Indexes of events over `EVENT_LIMIT`; in the other modes such a request is refused. */
      readonly tooLarge: ReadonlySet<number>;
    };

const refused = (status: 400 | 413 | 415, detail: string): RefusedBody => ({
  kind: 'refused',
  status,
  code: status === 400 ? 'bad-body' : status === 413 ? 'too-large' : 'unknown-content-type',
  detail,
});

const ACCEPTED =
  'application/cloudevents+json, application/cloudevents-batch+json, or application/json with ce-* headers';

export type ContentMode = 'structured' | 'batch' | 'binary';

/**
 * In which of the three modes of the CloudEvents HTTP binding a request is, by its content type and headers alone.
 * Charsets other than UTF-8 (of which US-ASCII is a part) and other formats than JSON are not taken.
 */
export function contentModeOf(
  request: Pick<EventsRequest, 'contentType' | 'headers'>,
): ContentMode | RefusedBody {
  const [type = '', ...parameters] = (request.contentType ?? '').split(';');
  const mediaType = type.trim().toLowerCase();
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1];
    if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
      return refused(415, `expected the charset utf-8, but ${charset.slice(0, 40)} came`);
    }
  }
  if (mediaType === 'application/cloudevents+json') return 'structured';
  if (mediaType === 'application/cloudevents-batch+json') return 'batch';
  const named = request.headers['ce-specversion'] ?? request.headers['ce-id'] ?? request.headers['ce-type'];
  const isJson = mediaType === '' || /^(application|text)\/([^\s/]+\+)?json$/.test(mediaType);
  if (named !== undefined && isJson && !mediaType.startsWith('application/cloudevents')) return 'binary';
  return refused(
    415,
    `expected ${ACCEPTED}, but ${mediaType === '' ? 'no content type' : mediaType.slice(0, 100)} came`,
  );
}

/** The events of a request, or why nothing in it can be read. */
export function parseEvents(request: EventsRequest): ParsedEvents {
  const mode = contentModeOf(request);
  if (typeof mode === 'object') return mode;
  const { body, decides = false } = request;
  if (body.byteLength > REQUEST_LIMIT)
    return refused(413, `expected a request of at most ${REQUEST_LIMIT} bytes`);
  if (mode === 'batch') return batchOf(body, decides);
  const oversized = body.byteLength > EVENT_LIMIT;
  if (oversized && !decides) return oversizedEvent(body);
  const parsed = mode === 'binary' ? binaryEvent(request) : structuredEvent(body);
  return oversized && parsed.kind === 'events' && !isDecided(parsed.events[0])
    ? oversizedEvent(body)
    : parsed;
}

const oversizedEvent = (body: Uint8Array): RefusedBody =>
  refused(413, `expected an event of at most ${EVENT_LIMIT} bytes, but ${body.byteLength} came`);

/** It says that it is no interaction. */
const isDecided = (event: Json | undefined): boolean =>
  event !== undefined &&
  isObject(event) &&
  typeof event['type'] === 'string' &&
  categoryOf(event['type']) !== 'interaction';

function structuredEvent(body: Uint8Array): ParsedEvents {
  const json = parseJson(body);
  if (json.kind === 'refused') return json;
  const { value } = json;
  if (!isObject(value))
    return refused(
      400,
      'expected one event, a JSON object: several go as application/cloudevents-batch+json',
    );
  return { kind: 'events', mode: 'structured', events: [withoutNulls(value)], tooLarge: NONE };
}

function batchOf(body: Uint8Array, decides: boolean): ParsedEvents {
  const json = parseJson(body);
  if (json.kind === 'refused') return json;
  const { value } = json;
  if (!Array.isArray(value)) return refused(400, 'expected a batch: a JSON array of events');
  if (value.length > MOST_EVENTS)
    return refused(400, `expected at most ${MOST_EVENTS} events in a batch, but ${value.length} came`);
  const events = value.map((event) => (isObject(event) ? withoutNulls(event) : event));
  const oversized = body.byteLength > EVENT_LIMIT ? [...oversizedElements(body, EVENT_LIMIT)] : [];
  const tooLarge = new Set(oversized.filter((index) => !decides || !isDecided(events[index])));
  return { kind: 'events', mode: 'batch', events, tooLarge };
}

const NONE: ReadonlySet<number> = new Set();

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** In the CloudEvents JSON format an attribute that is null is one that is not there. `data` is no attribute. */
function withoutNulls(event: JsonObject): JsonObject {
  for (const name in event) if (event[name] === null && name !== 'data') delete event[name];
  return event;
}

function parseJson(body: Uint8Array): { kind: 'json'; value: Json } | RefusedBody {
  if (!isUtf8(body)) return refused(400, 'expected JSON in UTF-8: the body has bytes that are not');
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const start = bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
  try {
    return { kind: 'json', value: JSON.parse(bytes.toString('utf8', start)) as Json };
  } catch (error) {
    // V8 repeats a piece of the text; where it stopped is what the sender needs.
    const place = /at position \d+|end of JSON input/.exec(String(error))?.[0] ?? '';
    return refused(400, `expected JSON: the body cannot be parsed${place === '' ? '' : ` (${place})`}`);
  }
}

function binaryEvent({ headers, body, contentType }: EventsRequest): ParsedEvents {
  const event: JsonObject = {};
  for (const [header, raw] of Object.entries(headers)) {
    if (!header.startsWith('ce-') || raw === undefined) continue;
    const name = header.slice(3);
    const value = headerValue(typeof raw === 'string' ? raw : raw.join(', '));
    if (name === 'data' || name === 'data_base64')
      return refused(400, `expected the data in the body, but a header ${header} came`);
    if (value === undefined) return refused(400, `expected percent-encoded UTF-8 in the header ${header}`);
    // What the content type says stands in Content-Type in this mode.
    if (name !== 'datacontenttype') event[name] = value;
  }
  if (contentType !== undefined) event['datacontenttype'] = contentType;
  if (body.byteLength > 0) {
    const json = parseJson(body);
    if (json.kind === 'refused') return json;
    event['data'] = json.value;
  }
  return { kind: 'events', mode: 'binary', events: [event], tooLarge: NONE };
}

/**
 * An attribute from its header (HTTP binding 1.0.2, 3.1.3.2): quotes of the older form taken off, then one round of
 * percent-decoding. Undefined where the outcome is not UTF-8.
 */
export function headerValue(header: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(header.trim());
  const text = quoted === null ? header : (quoted[1] as string).replace(/\\(.)/gs, '$1');
  if (!/[%\u0080-\uffff]/.test(text)) return text;
  // Node reads header bytes as Latin-1.
  const decoded = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const bytes = Buffer.from(decoded, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
