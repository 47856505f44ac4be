import assert from 'node:assert/strict';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** Says what does not fit the schema of a name, members that it does not know included. */
export const checkerOf = (document: JsonObject): ((schema: string, value: unknown) => void) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components: document['components'] });
  return (schema, value) => {
    const validate = ajv.compile({ $ref: `document#/components/schemas/${schema}` });
    assert.ok(validate(value), `${schema}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`);
  };
};

/** Every member that an answer has is one that the schema names. */
export function undocumented(schema: JsonObject, value: Json, root: JsonObject, path = ''): string[] {
  const target = schema['$ref'];
  if (typeof target === 'string') {
    const name = target.slice(target.lastIndexOf('/') + 1);
    const schemas = (root['components'] as JsonObject)['schemas'] as Record<string, JsonObject>;
    return undocumented(schemas[name] ?? {}, value, root, path);
  }
  if (Array.isArray(value)) {
    const items = schema['items'] as JsonObject | undefined;
    return items === undefined
      ? []
      : value.flatMap((one, i) => undocumented(items, one, root, `${path}/${i}`));
  }
  const properties = schema['properties'] as Record<string, JsonObject> | undefined;
  if (value === null || typeof value !== 'object' || properties === undefined) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = properties[name];
    return known === undefined ? [`${path}/${name}`] : undocumented(known, member, root, `${path}/${name}`);
  });
}
