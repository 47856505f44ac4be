import type { JsonObject } from '@threadline/domain/canonical-json';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { examples } from './openapi-examples.js';
import { answer, body, operation, problems, PROBLEM, refusal } from './openapi-operations.js';
import { queryParameters } from './openapi-parameters.js';
import { count, list, map, object, orNull, position, ref, text, time } from './openapi-shapes.js';
import { ReadQueryDto } from './read-queries.js';

/** Identity rules in the documents: what they look like, and how they are put in force. */

const LIMIT = { type: 'integer', minimum: 1 };
const CLOSED = { additionalProperties: false };

const members: Record<string, JsonObject> = {
  name: text('Of these rules', { pattern: '^[\\w.-]{1,64}$' }),
  version: count('Counts up: a name and a version stand for one content'),
  limits: map(LIMIT, 'How many values of a kind one person has at most'),
  blocked: list(
    object(
      {
        kind: text('Of the values; * for every kind'),
        value: text('Normalised, as it is stored'),
        pattern: text('ECMAScript, flag u, searched for in the value', { maxLength: 200 }),
      },
      { optional: ['value', 'pattern'], description: 'Either a value or a pattern', ...CLOSED },
    ),
    'Values that never link anybody',
  ),
  fanOut: object(
    {
      most: map(LIMIT, 'A value that is linked directly with more values of the kind never links'),
      exempt: list(text(), 'Kinds whose values are one person’s whatever they are linked with'),
    },
    { optional: ['most', 'exempt'], ...CLOSED },
  ),
  firewall: object(
    { parties: { ...LIMIT, description: 'A link whose lighter side has more waits for a person' } },
    CLOSED,
  ),
};

const decider = object(
  {
    key: text('Id of the key that it came with; `start` where it was THREADLINE_IDENTITY_RULES'),
    label: text('Of that key'),
    staff: object({ id: text(), name: text() }, { optional: ['id', 'name'] }),
  },
  { optional: ['label', 'staff'] },
);

export const rulesSchemas: Record<string, JsonObject> = {
  IdentityRules: object(members, {
    optional: ['limits', 'blocked', 'fanOut', 'firewall'],
    description: 'A file of identity rules; what is absent is the default',
    ...CLOSED,
  }),
  IdentityRulesPage: object({
    rules: ref('IdentityRules'),
    position: orNull(position('Where they were put in force; null: the defaults, which nobody has')),
    history: list(
      object({
        name: text(),
        version: count(),
        position: position(),
        appliedAt: time('When it was recorded'),
        by: { anyOf: [decider, { type: 'null' }] },
      }),
      'Newest first; the first is in force',
    ),
  }),
};

const file: JsonObject = {
  name: 'maison',
  version: 2,
  limits: { loyalty: 1, user: 1 },
  blocked: [
    { kind: 'email', value: 'tablet@maison.example' },
    { kind: '*', pattern: '^0+$' },
  ],
  fanOut: { most: { loyalty: 5, email: 5, phone: 5 }, exempt: ['loyalty'] },
  firewall: { parties: 500 },
};

const page: JsonObject = {
  rules: { ...(DEFAULT_RULES as unknown as JsonObject), ...file },
  position: '1207',
  history: [
    {
      name: 'maison',
      version: 2,
      position: '1207',
      appliedAt: '2026-03-02T10:20:00.010Z',
      by: { key: '4f0c2d6e8a1b3c5d7e9f0a1b2c3d4e5f', label: 'data team' },
    },
    {
      name: 'maison',
      version: 1,
      position: '12',
      appliedAt: '2026-02-01T08:00:00.000Z',
      by: { key: 'start', label: 'THREADLINE_IDENTITY_RULES' },
    },
  ],
};

export const rulesPath: JsonObject = {
  get: operation('readRules', 'identity', 'The identity rules in force, and those before', 'read', {
    parameters: queryParameters(ReadQueryDto),
    responses: {
      200: answer('The rules that the read models are computed by', body('IdentityRulesPage', page)),
      ...problems(400, 504),
    },
  }),
  post: operation('applyRules', 'identity', 'Puts identity rules in force, or back in force', 'admin', {
    description:
      'Scope `admin`. Answered when the event is durable; a read with that `minPosition` waits until every customer is ' +
      'computed again. Rules that are in force stay so, and nothing is written.',
    requestBody: { required: true, content: body('IdentityRules', file) },
    responses: {
      202: answer('They are in force from that position on', body('Decided', examples.decided)),
      ...problems(400, 503),
      409: {
        description: 'Rules of this name and version were in force with other content: `conflict`',
        content: body(
          'Problem',
          {
            type: 'about:blank',
            title: 'Conflict',
            status: 409,
            code: 'conflict',
            detail:
              'maison@2 was put in force at position 1207 with other content: rules that change need another version',
          },
          PROBLEM,
        ),
      },
      413: refusal('Over 1 MiB'),
    },
  }),
};
