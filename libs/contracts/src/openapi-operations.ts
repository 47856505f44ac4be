import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { examples } from './openapi-examples.js';
import { position, ref, text } from './openapi-shapes.js';

/** What operations are written in: see `openapi.ts`. */

export const PROBLEM = 'application/problem+json';

export const body = (schema: string, example: Json, mediaType = 'application/json'): JsonObject => ({
  [mediaType]: { schema: ref(schema), example },
});

export const positionHeader: JsonObject = {
  'X-Threadline-Position': { description: 'Everything up to here is in the answer', schema: position() },
};

export const answer = (
  description: string,
  content: JsonObject,
  headers: JsonObject = positionHeader,
): JsonObject => ({
  description,
  content,
  headers,
});

export const refusal = (description: string, schema = 'Problem'): JsonObject => ({
  description,
  content: { [PROBLEM]: { schema: ref(schema) } },
});

/** Of an answer that asks to be asked again. */
export const retryAfter: JsonObject = {
  'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 0 } },
};

export const problems = (...statuses: number[]): Record<string, JsonObject> => {
  const all: Record<number, JsonObject> = {
    400: {
      description: 'Parameters or a body that cannot be taken: each is named',
      content: body('Problem', examples.invalid, PROBLEM),
    },
    404: refusal('There is no such thing, or nothing of it was known then'),
    409: refusal('It is under way already, or contradicts what is there'),
    503: { ...refusal('Try again after `Retry-After` seconds'), headers: retryAfter },
    504: refusal('`minPosition` was not reached within 5 s'),
  };
  const known = [...statuses.map((status) => [status, all[status] ?? {}] as const)];
  return Object.fromEntries([
    ...known,
    [
      401,
      { ...refusal('No key, or none that is known'), headers: { 'WWW-Authenticate': { schema: text() } } },
    ],
    [403, refusal('The key has not this scope')],
  ]);
};

/** `scope`: what the key must allow. */
export const operation = (
  operationId: string,
  tag: string,
  summary: string,
  scope: string,
  more: JsonObject,
): JsonObject => ({
  operationId,
  tags: [tag],
  summary,
  description: `Scope \`${scope}\`.`,
  ...more,
});
