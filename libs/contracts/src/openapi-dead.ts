import type { JsonObject } from '@threadline/domain/canonical-json';
import { DeadQueryDto } from './events-query.js';
import { examples } from './openapi-examples.js';
import { answer, body, operation, PROBLEM, problems, refusal } from './openapi-operations.js';
import { pathParameter, queryParameters } from './openapi-parameters.js';
import { count, list, map, object, orNull, ref, text, time } from './openapi-shapes.js';

/** Dead letters in the documents: what they look like, and what can be done about them. */

const ID = '0-17';
const letterId = text('`<partition>-<offset>` among the dead letters', { pattern: '^\\d+-\\d+$' });

export const deadSchemas: Record<string, JsonObject> = {
  DeadLetter: object(
    {
      id: letterId,
      at: time('When it was put aside'),
      reason: text('Stable, for programs: `invalid`, `conflict`, `too-large`, `unknown-content-type`, …'),
      detail: text('What was wrong, for people'),
      problems: list(
        object({ path: text('JSON Pointer into the event'), message: text() }),
        'Each problem of the event; cut off after 16 KiB',
      ),
      attempts: count('How often it was tried'),
      from: text('`<topic>/<partition>/<offset>` where it came from'),
      key: orNull(text('Of the message, as it came')),
      headers: map(text(), 'Of the message, as they came'),
      event: { description: 'Its value where that is JSON, as it came; else null' },
      body: text('Its value where that is no JSON: base64'),
    },
    { optional: ['body'] },
  ),
  DeadLetterPage: object({
    total: count('How many there are that nobody is done with'),
    letters: list(ref('DeadLetter'), 'Oldest first'),
  }),
  DeadLetterSent: object({ id: letterId, redriven: { const: true } }),
  DeadLetterDropped: object({ id: letterId, dropped: { const: true } }),
};

const letter: JsonObject = {
  id: ID,
  at: '2026-03-02T10:15:02.310Z',
  reason: 'invalid',
  detail: 'no event was acceptable',
  problems: [{ path: '/data/purchase/total', message: 'must be an exact decimal' }],
  attempts: 1,
  from: 'interactions.inbound/7/40213',
  key: null,
  headers: { 'content-type': 'application/cloudevents+json' },
  event: examples.refused,
};

const WHERE = 'Scope `admin`. Cluster mode only, at a gateway: a hub answers 404.';

/** In cluster mode only: so it says, and so the spec of the documents expects it. */
const ofCluster = (operationId: string, summary: string, description: string, more: JsonObject): JsonObject =>
  operation(operationId, 'dead letters', summary, 'admin', {
    description: `${WHERE} ${description}`.trimEnd(),
    'x-threadline-mode': 'cluster',
    ...more,
  });

const idParameter = pathParameter('id', letterId, ID);

const redriven: JsonObject = {
  description: 'It is sent again; with a body, what the mended event was answered with',
  content: {
    'application/json': {
      schema: { anyOf: [ref('DeadLetterSent'), ref('Accepted')] },
      example: { id: ID, redriven: true },
    },
  },
};

export const deadPaths: JsonObject = {
  '/v1/dead': {
    get: ofCluster(
      'listDeadLetters',
      'What could not be taken from Kafka, and nobody is done with',
      'Kept 14 days. Reads the whole topic: seconds.',
      {
        parameters: queryParameters(DeadQueryDto),
        responses: {
          200: answer(
            'The oldest of them, and how many there are',
            body('DeadLetterPage', { total: 1, letters: [letter] }),
            {},
          ),
          ...problems(400, 503),
        },
      },
    ),
  },
  '/v1/dead/{id}': {
    get: ofCluster('readDeadLetter', 'One dead letter', '', {
      parameters: [idParameter],
      responses: {
        200: answer('As it came, and why', body('DeadLetter', letter), {}),
        ...problems(404, 503),
      },
    }),
    delete: ofCluster('dropDeadLetter', 'Is done with a dead letter', 'It is listed no more.', {
      parameters: [idParameter],
      responses: {
        200: answer('It is dropped', body('DeadLetterDropped', { id: ID, dropped: true }), {}),
        ...problems(404, 503),
      },
    }),
  },
  '/v1/dead/{id}/redrive': {
    post: ofCluster(
      'redriveDeadLetter',
      'Sends a dead letter again, as it came or mended',
      'Without a body as it came, to where it came from: what is refused once more comes back under another id. With a ' +
        'body, that event instead, answered as POST /v1/events answers; the letter is done with once it is taken.',
      {
        parameters: [idParameter],
        requestBody: {
          required: false,
          description: 'A mended event, structured',
          content: {
            'application/cloudevents+json': { schema: ref('AnyEvent'), example: examples.event },
          },
        },
        responses: {
          202: redriven,
          ...problems(404, 503),
          400: {
            description: 'The mended event is refused',
            content: body('Rejection', examples.rejection, PROBLEM),
          },
          413: refusal('Over 1 MiB (a decision: 8 MiB)', 'Rejection'),
        },
      },
    ),
  },
};
