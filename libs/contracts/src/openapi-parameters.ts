import type { JsonObject } from '@threadline/domain/canonical-json';
import { choice, count, id, position, text, time } from './openapi-shapes.js';
import { parametersOf, type QueryClass } from './read-validation.js';

interface Documented {
  readonly description: string;
  readonly schema: JsonObject;
  readonly example?: JsonObject[string];
}

const limit = (most: number, otherwise: number): Documented => ({
  description: 'How many at most',
  schema: { type: 'integer', minimum: 1, maximum: most, default: otherwise },
});

const shared: Record<string, Documented> = {
  minPosition: {
    description:
      'Waits up to 5 s until everything up to this position is in the answer; 504 where it gave up',
    schema: position(),
    example: '1204',
  },
  asOf: {
    description: 'Business time: only events with `time` at or before it',
    schema: time('RFC 3339'),
    example: '2026-03-02T10:15:00Z',
  },
  knownAt: {
    description: 'A position, or the time of recording: only what was recorded at or before it',
    schema: text('Decimal digits, or RFC 3339'),
    example: '1204',
  },
  explain: {
    description:
      'Also what is behind it: of a card each value’s event and what it overruled, of an identity people’s decisions',
    schema: { type: 'boolean', default: false },
  },
  cursor: { description: 'The `next` of the page before', schema: text() },
  order: { description: 'Newest first unless `asc`', schema: choice(['desc', 'asc']) },
  channel: { description: 'Only this channel', schema: text(), example: 'email' },
  type: { description: 'Only this event type', schema: text(), example: 'email.received' },
  from: { description: 'Business time, inclusive', schema: time('RFC 3339') },
  to: { description: 'Business time, inclusive', schema: time('RFC 3339') },
  q: { description: 'Any text', schema: text(), example: 'coat' },
  after: { description: 'Exclusive', schema: position(), example: '0' },
  types: {
    description: 'Only these event types, separated by commas; may be repeated',
    schema: { type: 'array', items: text() },
    example: ['email.received', 'chat.message'],
  },
  format: { description: 'A page, or one event a line', schema: choice(['json', 'ndjson']) },
  store: { description: 'Only what happens in this store', schema: text(), example: 'regent-street' },
  mode: {
    description: 'Original times, full stitching, no reactions, no live push',
    schema: choice(['backfill']),
  },
  wait: {
    description:
      'Cluster mode: answered when the log has the events, with their position; where that takes more than 5 s, as without ' +
      '`wait`: Kafka has them for good, and `position` is null. Embedded mode always waits',
    schema: choice(['log']),
  },
  minScore: {
    description: 'How likely they have to be one person, at least',
    schema: { type: 'number', minimum: 0, maximum: 1, default: 0.6 },
    example: 0.9,
  },
  customer: {
    description: 'Only what is about this customer: any of its ids',
    schema: id('Of the customer'),
  },
};

const limits: Record<string, Documented> = {
  TimelineQueryDto: limit(200, 50),
  IdentityQueryDto: limit(1000, 100),
  SearchQueryDto: limit(200, 20),
  SuggestionsQueryDto: limit(200, 50),
  ReviewsQueryDto: limit(200, 50),
  DeadQueryDto: limit(1000, 100),
  LogQueryDto: {
    description:
      'How many at most. As lines there is no limit unless one is given, and none to what may be given',
    schema: { ...count(), minimum: 1, default: 100 },
  },
};

/** The query parameters of a class: whatever it checks is documented, or this throws. */
export function queryParameters(type: QueryClass<object>): JsonObject[] {
  return [...parametersOf(type)].map((name) => {
    const documented = name === 'limit' ? limits[type.name] : shared[name];
    if (documented === undefined) throw new Error(`the parameter ${name} of ${type.name} is not documented`);
    const list = documented.schema['type'] === 'array';
    return {
      name,
      in: 'query',
      required: false,
      description: documented.description,
      schema: documented.schema,
      ...(list ? { style: 'form', explode: false } : {}),
      ...(documented.example === undefined ? {} : { example: documented.example }),
    };
  });
}

export const pathParameter = (name: string, schema: JsonObject, example: string): JsonObject => ({
  name,
  in: 'path',
  required: true,
  schema,
  example,
});
