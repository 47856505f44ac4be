import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gotMetadata, isExactJson, jsonBytes, sentMetadata } from './exact-content.js';

/** What the driver makes of metadata on the way back: JSON where it can be parsed, whatever it was. */
function byTheDriver(sent: Uint8Array | undefined): unknown {
  if (sent === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(sent).toString('utf8'));
  } catch {
    return sent;
  }
}

const json = fc.json().map((text) => Buffer.from(text));
const spaced = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value, undefined, 1)));
const anything = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const marked = anything.map((bytes) => Buffer.concat([Uint8Array.of(0), bytes]));
const content = fc.oneof(json, spaced, anything, marked);

describe('content on its way through the driver', () => {
  it('is sent as JSON only where it comes back byte for byte', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        if (isExactJson(bytes)) assert.deepEqual(Buffer.from(jsonBytes(JSON.parse(String(bytes)))), bytes);
      }),
    );
    assert.equal(isExactJson(Buffer.from('{"a":1}')), true);
    for (const text of ['', '{"a": 1}', '1.0', '{"b":1,"1":2}']) {
      assert.equal(isExactJson(Buffer.from(text)), false);
    }
  });

  it('metadata come back byte for byte; empty is none', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const got = gotMetadata(byTheDriver(sentMetadata(bytes)));
        assert.deepEqual(got === undefined ? [] : [...got], [...bytes]);
      }),
    );
    assert.deepEqual([...(sentMetadata(Buffer.from('{"a":1}')) ?? [])], [...Buffer.from('{"a":1}')]);
  });
});
