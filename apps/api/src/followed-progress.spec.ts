import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FollowedProgress, LogBehindError } from './followed-progress.js';

describe('how far an api of a cluster can answer', () => {
  it('is what is both published and in its files, in whatever order and however late they come', () => {
    const step = fc.record({ who: fc.constantFrom('followed', 'published'), position: fc.nat(20) });
    fc.assert(
      fc.property(fc.nat(5), fc.array(step), (atStart, steps) => {
        const progress = new FollowedProgress(atStart);
        const greatest = { followed: atStart, published: 0 };
        for (const { who, position } of steps) {
          const side = who;
          progress[side](position);
          greatest[side] = Math.max(greatest[side], position);
          assert.equal(progress.readable.position, Math.min(greatest.followed, greatest.published));
        }
      }),
    );
  });

  it('comes to what was published long before it was in the files', async () => {
    const progress = new FollowedProgress(0, 10);
    progress.published(7);
    await assert.rejects(progress.inFiles(7), (error: LogBehindError) => {
      assert.ok(error instanceof LogBehindError);
      return error.status === 503 && error.retriable && error.message.includes('up to 0');
    });
    progress.followed(9);
    await progress.inFiles(7);
    assert.equal(progress.readable.position, 7);
  });
});
