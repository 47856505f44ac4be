import type { JsonObject } from '@threadline/domain/canonical-json';
import { EventsQueryDto } from './events-query.js';
import { deadPaths, deadSchemas } from './openapi-dead.js';
import { linkOperation, unlinkOperation } from './openapi-decisions.js';
import { eventSchemas } from './openapi-event.js';
import { exampleIds, examples } from './openapi-examples.js';
import {
  answer,
  body,
  operation,
  positionHeader,
  PROBLEM,
  problems,
  refusal,
  retryAfter,
} from './openapi-operations.js';
import { pathParameter, queryParameters } from './openapi-parameters.js';
import { rulesPath, rulesSchemas } from './openapi-rules.js';
import { answerSchemas } from './openapi-schemas.js';
import { id, position, ref, text } from './openapi-shapes.js';
import {
  CardQueryDto,
  IdentityQueryDto,
  LiveQueryDto,
  LogQueryDto,
  ReadQueryDto,
  ReviewsQueryDto,
  SearchQueryDto,
  SuggestionsQueryDto,
  TimelineQueryDto,
} from './read-queries.js';

const customerId = pathParameter('id', id('Any id that the customer ever had'), exampleIds.customer);

const read = (
  operationId: string,
  summary: string,
  parameters: JsonObject[],
  content: JsonObject,
  statuses: number[] = [400, 404, 504],
): JsonObject =>
  operation(operationId, 'customers', summary, 'read', {
    parameters,
    responses: { 200: answer(summary, content), ...problems(...statuses) },
  });

const writeEvents = operation('writeEvents', 'events', 'Takes events in', 'write', {
  parameters: queryParameters(EventsQueryDto),
  requestBody: {
    required: true,
    description:
      'CloudEvents 1.0: structured, batch, or binary (the envelope in `ce-*` headers). `identity.linked`, ' +
      '`identity.unlinked` and `identity.rules.applied`, as the log gives them, take the scope `admin`',
    content: {
      'application/cloudevents+json': { schema: ref('AnyEvent'), example: examples.event },
      'application/cloudevents-batch+json': {
        schema: { type: 'array', items: ref('AnyEvent') },
        example: examples.batch,
      },
      'application/json': {
        schema: { type: 'object', description: 'Binary mode: `data` alone' },
        example: examples.event['data'] ?? {},
      },
    },
  },
  responses: {
    202: answer(
      'At least one event is accepted or known already; what is accepted is durable',
      body('Accepted', examples.accepted),
    ),
    ...problems(),
    400: {
      description: 'None was acceptable, or the body is not what its content type says',
      content: body('Rejection', examples.rejection, PROBLEM),
    },
    409: refusal('The same source and id came with another content', 'Rejection'),
    413: refusal('Over 1 MiB an event (a decision: 8 MiB), 8 MiB a request', 'Rejection'),
    415: refusal('Unknown content type'),
    429: { ...refusal('Too much in flight; nothing was taken'), headers: retryAfter },
    503: {
      description:
        'Send the same request again after `Retry-After` seconds. `overloaded`: nothing of it was taken. ' +
        '`broker-unavailable` (cluster mode): Kafka went away in the middle, and some of its events, all or none may have ' +
        'been taken. To send it again is right in every case: an event is named by its source and id, and what was taken ' +
        'already changes nothing',
      headers: retryAfter,
      content: body('Problem', examples.brokerUnavailable, PROBLEM),
    },
  },
});

const log = operation('readLog', 'events', 'The log itself, in its order', 'analyse', {
  parameters: queryParameters(LogQueryDto),
  responses: {
    200: answer('CloudEvents as they came, opened', {
      ...body('LogPage', examples.log),
      'application/x-ndjson': { schema: text('One LoggedEvent a line') },
    }),
    ...problems(400, 504),
  },
});

const live = operation('watch', 'live', 'Live push: server-sent events', 'read', {
  parameters: [
    ...queryParameters(LiveQueryDto),
    { name: 'Last-Event-ID', in: 'header', schema: position(), description: 'Goes on after this position' },
  ],
  responses: {
    200: answer('See /asyncapi.json for the messages', {
      'text/event-stream': { schema: text('interaction, visit, customer.changed, customers.changed') },
    }),
    ...problems(400, 404, 504),
  },
});

const admin = (operationId: string, summary: string, more: JsonObject): JsonObject =>
  operation(operationId, 'administration', summary, 'admin', more);

const open = (
  operationId: string,
  summary: string,
  content: JsonObject,
  more: Record<string, JsonObject> = {},
): JsonObject => ({
  operationId,
  tags: ['the hub'],
  summary,
  security: [],
  responses: { 200: { description: summary, content }, ...more },
});

const paths = (): JsonObject => ({
  '/v1/events': { post: writeEvents, get: log },
  '/v1/customers': {
    get: read(
      'searchCustomers',
      'Customers by name, identifier, order number, or words on their timeline',
      queryParameters(SearchQueryDto),
      body('SearchPage', examples.search),
      [400, 504],
    ),
  },
  '/v1/customers/by/{kind}/{value}': {
    get: read(
      'readCardByIdentifier',
      'The card of whom an identifier names',
      [
        pathParameter('kind', text('email, phone, loyalty, … or a platform'), 'email'),
        pathParameter('value', text('Normalised as on the way in; percent-encoded'), 'ana@example.org'),
        ...queryParameters(CardQueryDto),
      ],
      body('Card', examples.card),
    ),
  },
  '/v1/customers/{id}': {
    get: read(
      'readCard',
      'The card',
      [customerId, ...queryParameters(CardQueryDto)],
      body('Card', examples.card),
    ),
  },
  '/v1/customers/{id}/timeline': {
    get: read(
      'readTimeline',
      'The timeline, newest first',
      [customerId, ...queryParameters(TimelineQueryDto)],
      body('TimelinePage', examples.timeline),
    ),
  },
  '/v1/customers/{id}/identity': {
    get: read(
      'readIdentity',
      'Who it is, and why we think so',
      [customerId, ...queryParameters(IdentityQueryDto)],
      body('IdentityPage', examples.identity),
    ),
  },
  '/v1/identity/links': { post: linkOperation },
  '/v1/identity/unlinks': { post: unlinkOperation },
  '/v1/identity/rules': rulesPath,
  '/v1/identity/suggestions': {
    get: read(
      'suggestCustomers',
      'Customers that look like one person: nothing is ever done about it but by people',
      queryParameters(SuggestionsQueryDto),
      body('SuggestionPage', examples.suggestions),
    ),
  },
  '/v1/identity/reviews': {
    get: read(
      'listReviews',
      'Links that wait for a person, since each would bring two large customers together',
      queryParameters(ReviewsQueryDto),
      body('ReviewsPage', examples.reviews),
    ),
  },
  '/v1/live': { get: live },
  '/v1/parked': {
    get: admin('listParked', 'What the projector could not use', {
      parameters: queryParameters(ReadQueryDto),
      responses: {
        200: answer('Parked interactions', body('ParkedPage', examples.parked)),
        ...problems(400, 504),
      },
    }),
  },
  '/v1/parked/{interaction}/redrive': {
    post: admin('redriveParked', 'Tries a parked interaction again', {
      parameters: [pathParameter('interaction', id('Of the interaction'), exampleIds.interaction)],
      responses: { 200: answer('How it went', body('Redriven', examples.redriven)), ...problems(404) },
    }),
  },
  '/v1/keys': {
    get: admin('listKeys', 'Every key, without its secret', {
      responses: { 200: answer('Keys', body('KeyList', examples.keys), {}), ...problems(400) },
    }),
    post: admin('createKey', 'Makes a key; it is shown this once', {
      requestBody: { required: true, content: body('KeyRequest', examples.keyRequest) },
      responses: { 201: answer('The key', body('NewKey', examples.newKey), {}), ...problems(400, 503) },
    }),
  },
  '/v1/keys/{id}': {
    delete: admin('revokeKey', 'Revokes a key, for good', {
      parameters: [pathParameter('id', text('Of the key'), exampleIds.key)],
      responses: { 204: { description: 'Revoked', headers: positionHeader }, ...problems(404, 503) },
    }),
  },
  '/v1/admin/rebuild': {
    post: admin('rebuild', 'Builds the read models anew beside the live ones and switches to them', {
      responses: {
        200: answer(
          'Progress, one object a line; the last has `phase` `done`, or `failed` with a `message`',
          { 'application/x-ndjson': { schema: text('One RebuildProgress a line') } },
          {},
        ),
        ...problems(409),
      },
    }),
  },
  ...deadPaths,
  '/health/live': {
    get: open('live', 'The process answers', { 'application/json': { schema: { type: 'object' } } }),
  },
  '/health/ready': {
    get: open(
      'ready',
      'Everything that it needs is there',
      { 'application/json': { schema: { type: 'object' } } },
      { 503: refusal('Something is not there yet') },
    ),
  },
  '/metrics': { get: open('metrics', 'For Prometheus', { 'text/plain': { schema: text() } }) },
  '/openapi.json': {
    get: open('openapi', 'This document', { 'application/json': { schema: { type: 'object' } } }),
  },
  '/asyncapi.json': {
    get: open('asyncapi', 'The messages', { 'application/json': { schema: { type: 'object' } } }),
  },
  '/docs': { get: open('docs', 'This document, to be read and tried', { 'text/html': { schema: text() } }) },
});

/** The HTTP API: OpenAPI 3.1. Schemas of events are those that they are checked by, parameters those of the DTOs. */
export const openApiDocument = (version: string): JsonObject => ({
  openapi: '3.1.0',
  info: {
    title: 'Threadline',
    version,
    description:
      'Channel events in, one timeline and one card per customer out. Errors are problem documents (RFC 9457). ' +
      'Positions are opaque: compare them for equality, keep them, give them back.',
    license: { name: 'UNLICENSED', identifier: 'LicenseRef-UNLICENSED' },
  },
  servers: [{ url: '/' }],
  security: [{ bearer: [] }, { basic: [] }],
  tags: [
    { name: 'events', description: 'The log: in, and out' },
    { name: 'customers', description: 'Timelines and cards' },
    {
      name: 'identity',
      description: 'What people decide on who is who, and by which rules the rest is computed',
    },
    { name: 'live', description: 'What happens now' },
    { name: 'dead letters', description: 'What could not be taken from Kafka (cluster mode)' },
    { name: 'administration' },
    { name: 'the hub' },
  ],
  paths: paths(),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'The key' },
      basic: { type: 'http', scheme: 'basic', description: 'The key as user name, no password' },
    },
    schemas: { ...eventSchemas(), ...answerSchemas, ...rulesSchemas, ...deadSchemas },
  },
});
