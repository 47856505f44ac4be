import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PositionNotReachedError, ReadProgress } from './read-progress.js';

describe('waiting for a position', () => {
  it('answers at once what is reached', async () => {
    assert.equal(await new ReadProgress(7).reach(7), 7);
  });

  it('wakes each waiter when its position has come, and not before', async () => {
    const progress = new ReadProgress(0);
    const reached: number[] = [];
    const waiting = [3, 1, 2].map((position) => progress.reach(position).then(() => reached.push(position)));
    progress.advance(1);
    await waiting[1];
    assert.deepEqual(reached, [1]);
    progress.advance(3);
    await Promise.all(waiting);
    assert.equal(progress.position, 3);
  });

  it('never goes back', () => {
    const progress = new ReadProgress(5);
    const heard: number[] = [];
    const forget = progress.listen((position) => heard.push(position));
    progress.advance(4);
    progress.advance(6);
    forget();
    progress.advance(7);
    assert.deepEqual([progress.position, heard], [7, [6]]);
  });

  it('gives up in time, and may be asked again', async () => {
    const progress = new ReadProgress(0, 10);
    await assert.rejects(progress.reach(1), (error: PositionNotReachedError) => {
      assert.ok(error instanceof PositionNotReachedError);
      return error.status === 504 && error.retriable;
    });
    progress.advance(1);
    assert.equal(await progress.reach(1), 1);
  });
});
