import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { contentOf, storedMetadata } from './stored-content.js';

/** Bytes that often begin like the mark of what is not plain. */
const bytes = fc
  .tuple(fc.constantFrom([], [0], [0, 0x62], [0, 0x6a], [0x7b]), fc.uint8Array({ maxLength: 6 }))
  .map(([head, rest]) => Uint8Array.from([...head, ...rest]));

describe('the content type of a stored event', () => {
  it('comes back with the metadata, whatever they are', () => {
    fc.assert(
      fc.property(fc.boolean(), bytes, (json, metadata) => {
        const content = contentOf(storedMetadata({ json, metadata }));
        assert.deepEqual([content.json, [...content.metadata]], [json, [...metadata]]);
      }),
    );
  });

  it('leaves JSON as it came: the log of a hub has nothing of it', () => {
    const metadata = Buffer.from('{"a":1}');
    assert.equal(storedMetadata({ json: true, metadata }), metadata);
    assert.equal(storedMetadata({ json: true, metadata: new Uint8Array() }), undefined);
    assert.deepEqual(contentOf(undefined), { json: true, metadata: new Uint8Array() });
  });
});
