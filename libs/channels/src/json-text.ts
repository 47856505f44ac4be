import type { Json, JsonObject } from '@threadline/domain/canonical-json';

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text as it is, anything else as JSON; nothing where there is nothing. */
export const jsonText = (value: Json | undefined): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
