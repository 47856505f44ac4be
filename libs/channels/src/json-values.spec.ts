import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '@threadline/domain/canonical-json';
import { importCloudEvents } from './cloudevents.js';
import { importsOf } from './imports-of.js';
import { jsonValues, type FoundJson } from './json-values.js';

async function read(text: string, size: number): Promise<FoundJson[]> {
  const bytes = Buffer.from(text);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const found: FoundJson[] = [];
  for await (const one of jsonValues(chunks())) found.push(one);
  return found;
}

describe('a file of JSON values', () => {
  const value = fc
    .dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    .map((object) => JSON.parse(JSON.stringify(object)) as Json);
  const layouts: Readonly<Record<string, (values: Json[]) => string>> = {
    'one a line': (values) => values.map((each) => `${JSON.stringify(each)}\r\n`).join('\n'),
    'a list': (values) => JSON.stringify(values),
    'a list over many lines': (values) => `\uFEFF${JSON.stringify(values, undefined, 2)}\n`,
    'one after another, over many lines': (values) =>
      values.map((each) => JSON.stringify(each, undefined, '\t')).join('\n'),
  };
  for (const [name, write] of Object.entries(layouts)) {
    it(`gives them all, in their order: ${name}`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(value, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 1, max: 99 }),
          async (values, size) => {
            const found = await read(write(values), size);
            assert.deepEqual(
              found.map((one) => ('value' in one ? one.value : one.problem)),
              values,
            );
          },
        ),
      ));
  }

  it('goes on after a line that is broken, and names it', async () => {
    const found = await read('{"a":1}\n{"a":\n\n{"a":3}\n', 7);
    assert.deepEqual(
      found.map(({ where }) => where),
      [':1', ':2', ':4'],
    );
    assert.ok(found[1] && 'problem' in found[1]);
  });

  it('says that a list ends too early', async () => {
    const found = await read('[{"a":1},{"a":', 4);
    assert.deepEqual(
      found.map((one) => 'value' in one),
      [true, false],
    );
  });
});

describe('CloudEvents', () => {
  const event = (id: string): Json => ({
    specversion: '1.0',
    id,
    source: '/s',
    type: 'a.b',
    threadlineposition: '7',
  });

  it('come alone, in a batch, on lines, and as a page of the log; they are sent as they are', async () => {
    const all = [event('1'), event('2')];
    for (const text of [
      JSON.stringify(all),
      all.map((each) => JSON.stringify(each)).join('\n'),
      JSON.stringify({ events: all, next: null }),
    ]) {
      const found = await importsOf(importCloudEvents, text);
      assert.deepEqual(
        found.map((one) => one.kind === 'event' && one.event),
        all,
      );
    }
  });

  it('are refused where they are none, with every mistake', async () => {
    const found = await importsOf(importCloudEvents, '{"id":"","source":7}\n"x"\n{}');
    assert.deepEqual(
      found.map((one) => (one.kind === 'refused' ? one.problems.length : -1)),
      [4, 0, 4],
    );
  });
});
