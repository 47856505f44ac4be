import type { JsonObject } from '@threadline/domain/canonical-json';

/** JSON Schema (2020-12) in few words: what `openapi-schemas.ts` and `asyncapi.ts` are written in. */
export const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

export const text = (description?: string, more: JsonObject = {}): JsonObject => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
  ...more,
});

export const time = (description = 'RFC 3339, UTC, with milliseconds'): JsonObject =>
  text(description, { format: 'date-time' });

export const position = (
  description = 'A place in the log: compare it, keep it, never compute with it',
): JsonObject => text(description, { pattern: '^\\d+$' });

export const id = (description: string): JsonObject => text(description, { pattern: '^[0-9a-f]{32}$' });

export const count = (description?: string): JsonObject => ({
  type: 'integer',
  minimum: 0,
  ...(description === undefined ? {} : { description }),
});

export const choice = (values: readonly string[], description?: string): JsonObject => ({
  type: 'string',
  enum: [...values],
  ...(description === undefined ? {} : { description }),
});

export const list = (items: JsonObject, description?: string): JsonObject => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});

export const map = (values: JsonObject, description?: string): JsonObject => ({
  type: 'object',
  additionalProperties: values,
  ...(description === undefined ? {} : { description }),
});

/** The same, or null. */
export const orNull = (schema: JsonObject): JsonObject =>
  typeof schema['type'] === 'string' && schema['enum'] === undefined
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] };

/** An object of which all members are always there, but those named in `optional`. */
export const object = (
  properties: Record<string, JsonObject>,
  {
    optional = [],
    ...more
  }: { optional?: readonly string[]; description?: string; additionalProperties?: boolean } = {},
): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  ...more,
});
