import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { wholeAnswers } from './whole-answers.js';

const answer = (body: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

describe('answers of Kafka', () => {
  it('are given on whole, in their order, in whatever pieces they come; of the last what has come is kept', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 90 })), fc.nat(400), (all, sizes, cutOff) => {
        const answers = all.map(answer);
        const sent = Buffer.concat(answers).subarray(0, -cutOff || undefined);
        const given: Buffer[] = [];
        const take = wholeAnswers((some) => given.push(some));
        for (let at = 0, n = 0; at < sent.length; n++) {
          const size = sizes.length === 0 ? 7 : (sizes[n % sizes.length] as number);
          take(sent.subarray(at, at + size));
          at += size;
        }
        const whole: Buffer[] = [];
        for (let at = 0; at + (answers[whole.length]?.length ?? Infinity) <= sent.length;) {
          at += answers[whole.length]?.length ?? 0;
          whole.push(answers[whole.length] as Buffer);
        }
        assert.deepEqual(Buffer.concat(given), Buffer.concat(whole));
      }),
    );
  });
});
