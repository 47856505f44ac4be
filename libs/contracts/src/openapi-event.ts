import type { JsonObject } from '@threadline/domain/canonical-json';
import { CATALOGUE, type EventType } from '@threadline/domain/event-catalogue';
import { DECISION_DATA } from './decision-schema.js';
import { CLOUD_EVENT, dataOf } from './event-schema.js';
import { ref } from './openapi-shapes.js';

const TYPES = Object.keys(CATALOGUE) as EventType[];
const DECISIONS = Object.entries(DECISION_DATA);

/** `email.received` is `EmailReceived`, as in the code. */
const schemaName = (type: string): string =>
  type
    .split('.')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** JSON Schema objects are plain data: their members are JSON. */
const plain = (schema: object): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;

/**
 * The event catalogue as schemas: each type under its name, and `CloudEvent`, which is one of them or any other type whose
 * name has a dot. They are the very schemas that events are checked by, so what is documented is what is taken.
 */
export function eventSchemas(): Record<string, JsonObject> {
  const envelope = plain(CLOUD_EVENT);
  const schemas: Record<string, JsonObject> = { CloudEvent: envelope };
  const add = (type: string, data: object, more: JsonObject = {}): void => {
    schemas[schemaName(type)] = {
      allOf: [
        ref('CloudEvent'),
        { type: 'object', properties: { type: { const: type }, data: plain(data) }, ...more },
      ],
      description: type,
    };
  };
  for (const type of TYPES) add(type, dataOf(type));
  for (const [type, data] of DECISIONS) add(type, data, { required: ['data'] });
  const types = [...TYPES, ...DECISIONS.map(([type]) => type)];
  schemas['AnyEvent'] = {
    anyOf: [...types.map((type) => ref(schemaName(type))), ref('CloudEvent')],
    description: 'A type of the catalogue, or any other whose name has a dot: its data is kept as it is',
  };
  return schemas;
}
