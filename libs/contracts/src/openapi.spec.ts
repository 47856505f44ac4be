import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { CATALOGUE } from '@threadline/domain/event-catalogue';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApiDocument } from './asyncapi.js';
import { DECISION_DATA } from './decision-schema.js';
import { openApiDocument } from './openapi.js';

const openApi = openApiDocument('0.0.0');
const asyncApi = asyncApiDocument('0.0.0');

/** Every object in a document, with its JSON Pointer. */
function* objects(value: Json, pointer = ''): Generator<[JsonObject, string]> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield [value, pointer];
  for (const [name, member] of Object.entries(value)) {
    yield* objects(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}

const resolve = (document: JsonObject, pointer: string): Json | undefined =>
  pointer
    .slice(2)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>((at, token) => (at as JsonObject | undefined)?.[token], document);

/** Compiles against the schemas of a document. */
const validatorOf = (document: JsonObject): ((schema: Json, value: unknown) => string[]) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components: document['components'] });
  return (schema, value) => {
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as JsonObject;
    const validate = ajv.compile(absolute);
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  };
};

for (const [name, document] of [
  ['OpenAPI', openApi],
  ['AsyncAPI', asyncApi],
] as const) {
  describe(`${name} document`, () => {
    it('points only at what is there', () => {
      for (const [object, pointer] of objects(document)) {
        const target = object['$ref'];
        if (typeof target !== 'string') continue;
        assert.notEqual(resolve(document, target), undefined, `${pointer} → ${target}`);
      }
    });

    it('has only schemas that compile', () => {
      const validate = validatorOf(document);
      const schemas = (document['components'] as JsonObject)['schemas'] as JsonObject;
      for (const schema of Object.keys(schemas)) validate({ $ref: `#/components/schemas/${schema}` }, {});
    });

    it('names every type of the catalogue', () => {
      const text = JSON.stringify(document);
      for (const type of [...Object.keys(CATALOGUE), ...Object.keys(DECISION_DATA)])
        assert.ok(text.includes(`"const":"${type}"`), type);
    });
  });
}

describe('OpenAPI operations', () => {
  const operations = Object.entries(openApi['paths'] as JsonObject).flatMap(([path, methods]) =>
    Object.entries(methods as JsonObject).map(([method, operation]) => ({
      path,
      method,
      operation: operation as JsonObject,
    })),
  );

  it('has an id of its own for each', () => {
    const ids = operations.map(({ operation }) => operation['operationId']);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('declares each parameter of a path, and no other', () => {
    for (const { path, method, operation } of operations) {
      const declared = ((operation['parameters'] ?? []) as JsonObject[]).filter(
        ({ in: where }) => where === 'path',
      );
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(declared.map(({ name }) => name).sort(), named.sort(), `${method} ${path}`);
    }
  });

  it('has examples that fit their schemas, and one wherever there is JSON of ours', () => {
    const validate = validatorOf(openApi);
    for (const [object, pointer] of objects(openApi)) {
      if (object['schema'] === undefined || object['example'] === undefined) continue;
      // The examples of positions are given as the query has them.
      assert.deepEqual(validate(object['schema'], object['example']), [], pointer);
    }
    const schemas = (openApi['components'] as JsonObject)['schemas'] as Record<string, JsonObject>;
    for (const [name, { examples = [] }] of Object.entries(schemas)) {
      for (const example of examples as Json[])
        assert.deepEqual(validate({ $ref: `#/components/schemas/${name}` }, example), [], name);
    }
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/v1/'))) {
      const success = Object.entries(operation['responses'] as JsonObject).find(([status]) =>
        status.startsWith('2'),
      );
      const json = ((success?.[1] as JsonObject)['content'] as JsonObject | undefined)?.['application/json'];
      if (json !== undefined) assert.notEqual((json as JsonObject)['example'], undefined, path);
    }
  });

  it('tells the sabotage of an example', () => {
    const validate = validatorOf(openApi);
    assert.notDeepEqual(validate({ $ref: '#/components/schemas/Card' }, { id: 'x' }), []);
  });

  it('asks for a key wherever there is data', () => {
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/v1/'))) {
      assert.equal(operation['security'], undefined, path);
      for (const status of ['401', '403'])
        assert.ok((operation['responses'] as JsonObject)[status], `${path} ${status}`);
    }
  });
});

describe('AsyncAPI messages', () => {
  it('has examples that fit', () => {
    const validate = validatorOf(asyncApi);
    const messages = (asyncApi['components'] as JsonObject)['messages'] as Record<string, JsonObject>;
    for (const [name, message] of Object.entries(messages)) {
      for (const example of message['examples'] as JsonObject[])
        for (const part of ['payload', 'headers'] as const)
          if (message[part] !== undefined)
            assert.deepEqual(validate(message[part], example[part]), [], `${name} ${part}`);
    }
  });
});
