import { CATALOGUE, type EventType, type OwnPart } from '@threadline/domain/event-catalogue';
import { STRENGTHS } from '@threadline/domain/identifier';

/** A JSON Schema (2020-12). Plain data: the validator, OpenAPI and AsyncAPI are all made of it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** At least one character that is not white space. */
export const NOT_BLANK = '\\S';
/** An amount: an exact decimal, never a float. */
export const DECIMAL = '^-?[0-9]+(\\.[0-9]+)?$';
/** A name with a dot: the word before the first one may tell the channel. A NUL would end it early in SQLite. */
export const DOTTED = '^[^\\u0000]*\\.[^\\u0000]*$';
/** `application/json`, `text/json` or a `+json` type, parameters aside. */
export const JSON_MEDIA_TYPE = '^\\s*([a-zA-Z]+/([^\\s;]+\\+)?[jJ][sS][oO][nN])\\s*(;.*)?$';

const text = (description?: string): JsonSchema => ({ type: 'string', ...(description && { description }) });
const filled = (description?: string): JsonSchema => ({ ...text(description), minLength: 1 });
const number = (description?: string): JsonSchema => ({
  type: 'number',
  ...(description && { description }),
});
const amount = (description: string): JsonSchema => ({ ...text(description), pattern: DECIMAL });
const choice = (values: readonly string[], description?: string): JsonSchema => ({
  ...text(description),
  enum: values,
});
const list = (items: JsonSchema, description?: string): JsonSchema => ({
  type: 'array',
  items,
  ...(description && { description }),
});
/** Open: members that it does not name are kept. */
const object = (properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
/** Any JSON value. */
const anything = (description: string): JsonSchema => ({ description });

const identifier = object(
  {
    kind: {
      ...text('Namespace: email, phone, loyalty, user, anonymous, device, social or a platform'),
      pattern: NOT_BLANK,
    },
    value: { ...text('As the channel knows it; normalised on the way in'), pattern: NOT_BLANK },
    strength: choice(STRENGTHS, 'How sure it is, on this occasion, that it is the customer’s own'),
    name: text('What the channel calls the person'),
  },
  ['kind', 'value'],
);

const content = object({
  subject: text(),
  text: text(),
  html: text(),
  language: text('BCP 47'),
  attachments: list(
    object({ name: text(), mediaType: text(), size: number('Bytes'), sha256: text('Hexadecimal') }),
  ),
});

/** The fields of `data` that mean the same in every type, known or not. */
export const COMMON_DATA: JsonSchema = object({
  object: filled(
    'The sender’s id of the thing; default: the event’s id. One source and object is one interaction',
  ),
  sequence: number('The sender’s order within the object'),
  conversation: text('Thread, ticket or session'),
  channel: filled('Default: by the type’s first word'),
  direction: choice(['inbound', 'outbound', 'internal']),
  brand: text(),
  store: text(),
  country: text('ISO 3166 alpha-2: of phone numbers that come without a country'),
  identifiers: list(identifier, 'The customer: all of one person'),
  participants: list(
    object({ kind: text(), value: text(), strength: choice(STRENGTHS), name: text() }),
    'Others who took part: kept, never linked',
  ),
  staff: object({ id: text(), name: text() }),
  content,
  facts: list(
    object({ slot: filled(), value: anything('What the customer told us') }, ['slot', 'value']),
    'What the customer told us',
  ),
  asks: list(text(), 'The slots that the customer was asked for'),
  promises: list(
    object({ id: filled(), text: text(), due: text('RFC 3339 date or date-time') }, ['id']),
    'What we said that we would do',
  ),
});

/** Longest string anywhere in a visit's data: no image and no face template fits in. */
export const VISIT_TEXT_LIMIT = 512;

const visit: JsonSchema = {
  ...object(
    {
      detector: choice(['tap', 'qr', 'beacon', 'vision', 'associate']),
      zone: text(),
      consent: anything('What the customer agreed to; a vision detection needs it'),
    },
    ['detector'],
  ),
  additionalProperties: false,
  if: { properties: { detector: { const: 'vision' } }, required: ['detector'] },
  then: { properties: { consent: { not: { enum: [null, false, ''] } } }, required: ['consent'] },
};

/** The own part of each type, as a member of `data`, by the part's name. */
export const OWN_PARTS: Readonly<Record<OwnPart, JsonSchema>> = {
  social: object({
    platform: text(),
    url: text(),
    inReplyTo: text(),
    sentiment: anything('As the vendor scores it'),
  }),
  call: object({
    from: text(),
    to: text(),
    durationSeconds: number(),
    outcome: text(),
    transcript: list(object({ at: anything('Time or offset'), speaker: text(), text: text() })),
  }),
  visit,
  purchase: object(
    {
      order: text('Order number'),
      currency: filled('ISO 4217'),
      total: amount('Exact decimal, such as 129.00'),
      items: list(
        object(
          {
            sku: text(),
            name: text(),
            category: text(),
            quantity: number('Pieces'),
            price: amount('Of one piece: exact decimal'),
          },
          ['quantity', 'price'],
        ),
      ),
    },
    ['currency', 'total'],
  ),
  survey: object(
    { metric: choice(['nps', 'csat', 'ces']), score: number(), comment: text(), about: text() },
    ['metric', 'score'],
  ),
  web: object({ url: text(), title: text(), event: text(), properties: { type: 'object' } }),
  profile: object({
    name: text(),
    birthday: text(),
    address: { type: ['string', 'object'] },
    language: text('BCP 47'),
  }),
  consent: object({ purpose: filled(), channel: text(), proof: anything('How it was given') }, ['purpose']),
  promise: object({ id: filled('Of the promise that was made') }, ['id']),
};

/** Parts without which an event of their type says nothing. */
const REQUIRED_PARTS: readonly OwnPart[] = ['visit', 'purchase', 'survey', 'profile', 'consent', 'promise'];

/** Holds for every value inside: see `VISIT_TEXT_LIMIT`. */
const SHORT_STRINGS: JsonSchema = {
  $id: 'short-strings',
  maxLength: VISIT_TEXT_LIMIT,
  items: { $ref: '#' },
  additionalProperties: { $ref: '#' },
};

/** What a part asks of `data` beside the common fields; undefined where the type has no part of its own. */
export function ownData(part: OwnPart): JsonSchema {
  const schema = object({ [part]: OWN_PARTS[part] }, REQUIRED_PARTS.includes(part) ? [part] : []);
  return part === 'visit' ? { allOf: [SHORT_STRINGS, schema] } : schema;
}

/** `data` of a type of the catalogue, whole: for documents. */
export function dataOf(type: EventType): JsonSchema {
  const part = CATALOGUE[type];
  if (part === undefined) return COMMON_DATA;
  const own = object({ [part]: OWN_PARTS[part] }, REQUIRED_PARTS.includes(part) ? [part] : []);
  return {
    ...COMMON_DATA,
    ...own,
    properties: { ...(COMMON_DATA['properties'] as object), [part]: OWN_PARTS[part] },
  };
}

/** Does an event of this type need `data` with its own part in it? */
export const needsData = (part: OwnPart | undefined): boolean =>
  part !== undefined && REQUIRED_PARTS.includes(part);

/** The CloudEvents 1.0 envelope round JSON data. Extensions are further members and are kept. */
export const CLOUD_EVENT: JsonSchema = {
  type: 'object',
  properties: {
    specversion: { ...text(), const: '1.0' },
    id: filled('With `source` it names the event, for ever'),
    source: filled('URI reference of the sender'),
    type: { ...filled('Of the catalogue, or any other name with a dot'), pattern: DOTTED },
    time: { ...text('RFC 3339, to the millisecond; default: when it arrives'), format: 'date-time' },
    datacontenttype: { ...text('JSON; default application/json'), pattern: JSON_MEDIA_TYPE },
    dataschema: text(),
    subject: text(),
    threadlinemode: choice(['backfill'], 'Original times, no reactions, no live push'),
    data: COMMON_DATA,
  },
  required: ['specversion', 'id', 'source', 'type'],
};
