import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { ThreadlineError } from '@threadline/platform/errors';
import { runBatch, type BatchRunOptions } from './batch-run.js';
import type { DriverBatch, Incoming } from './driver.js';

const message = (offset: number, key: string | null): Incoming => ({
  topic: 't',
  partition: 0,
  offset: String(offset),
  timestamp: 0,
  key: key === null ? null : Buffer.from(key),
  headers: {},
  body: Buffer.from('x'),
});

const failing = (retriable: boolean, code = 'some-error'): ThreadlineError =>
  new ThreadlineError('no', { code, retriable });

interface Run {
  readonly resolved: number[];
  readonly buried: string[];
  readonly done: Promise<void>;
}

function run(
  messages: readonly Incoming[],
  handle: (one: Incoming) => Promise<unknown>,
  options: Partial<BatchRunOptions> & { batch?: Partial<DriverBatch> } = {},
): Run {
  const resolved: number[] = [];
  const buried: string[] = [];
  const batch: DriverBatch = {
    messages,
    resolve: (offset) => void resolved.push(Number(offset)),
    heartbeat: () => Promise.resolve(),
    commit: () => Promise.resolve(),
    running: () => true,
    ...options.batch,
  };
  const done = runBatch(batch, {
    handle,
    bury: async ({ offset }, error, attempts) =>
      void buried.push(`${offset} ${(error as ThreadlineError).code} ${attempts}`),
    isOutage: (error) => (error as ThreadlineError).code === 'store-unavailable',
    waiting: () => undefined,
    closing: new AbortController().signal,
    patience: { attempts: 3, firstPause: 1, longestPause: 2 },
    ...options,
  });
  return { resolved, buried, done };
}

describe('a batch of one partition', () => {
  it('is handled in the order of each key, whatever fails for a while, and resolved up to its end', async () => {
    const keyed = fc.array(fc.tuple(fc.constantFrom('a', 'b', null), fc.nat(2)), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(keyed, async (given) => {
        const messages = given.map(([key], offset) => message(offset, key));
        const failures = new Map(given.map(([, times], offset) => [offset, times]));
        const handled: Incoming[] = [];
        const { resolved, buried, done } = run(messages, async (one) => {
          const left = failures.get(Number(one.offset)) ?? 0;
          await nextTurn();
          failures.set(Number(one.offset), left - 1);
          if (left > 0) throw failing(true);
          handled.push(one);
        });
        await done;
        assert.equal(handled.length, messages.length);
        assert.deepEqual(buried, []);
        assert.equal(resolved.at(-1), messages.length - 1);
        for (const key of ['a', 'b']) {
          const of = (list: readonly Incoming[]): string[] =>
            list.filter((one) => one.key?.toString() === key).map(({ offset }) => offset);
          assert.deepEqual(of(handled), of(messages));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('puts what is not retriable aside at once, what is after its attempts, and goes on behind it', async () => {
    const handled: string[] = [];
    const { buried, resolved, done } = run(
      [message(0, 'a'), message(1, 'b'), message(2, 'a')],
      async ({ offset }) => {
        if (offset === '0') throw failing(false, 'invalid');
        if (offset === '1') throw failing(true, 'contended');
        handled.push(offset);
      },
    );
    await done;
    assert.deepEqual(buried.sort(), ['0 invalid 1', '1 contended 3']);
    assert.deepEqual([handled, resolved.at(-1)], [['2'], 2]);
  });

  it('counts nothing during an outage: nothing is put aside, and nothing resolved before it is over', async () => {
    let attempts = 0;
    const { buried, resolved, done } = run([message(0, 'a')], async () => {
      if (++attempts < 30) throw failing(true, 'store-unavailable');
      assert.deepEqual(resolved, []);
    });
    await done;
    assert.deepEqual([buried, resolved, attempts], [[], [0], 30]);
  });

  it('keeps what cannot be put aside, too', async () => {
    let attempts = 0;
    const { resolved, done } = run([message(0, null)], () => Promise.reject(failing(false)), {
      bury: async () => {
        assert.deepEqual(resolved, []);
        if (++attempts < 5) throw failing(true);
      },
    });
    await done;
    assert.deepEqual([attempts, resolved], [5, [0]]);
  });

  it('resolves nothing behind a message that is still under way', async () => {
    const gate = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    let heartbeats = 0;
    const { resolved, done } = run(
      [message(0, 'a'), message(1, 'b'), message(2, 'c')],
      ({ offset }) => (offset === '1' ? gate.promise : Promise.resolve()),
      {
        batch: {
          heartbeat: async () => {
            if (++heartbeats === 2) heard.resolve();
          },
        },
      },
    );
    await heard.promise;
    assert.deepEqual(resolved, [0]);
    gate.resolve();
    await done;
    assert.equal(resolved.at(-1), 2);
  });

  it('begins nothing new when the group is divided anew, lets what runs end, and says so', async () => {
    const divided = new Error('rebalance');
    const gate = Promise.withResolvers<void>();
    const handled: string[] = [];
    const { resolved, done } = run(
      [message(0, 'a'), message(1, 'a')],
      async ({ offset }) => {
        handled.push(offset);
        await gate.promise;
      },
      {
        batch: {
          heartbeat: () => {
            setImmediate(() => gate.resolve());
            return Promise.reject(divided);
          },
        },
      },
    );
    await assert.rejects(done, divided);
    assert.deepEqual([handled, resolved], [['0'], [0]]);
  });

  it('leaves a pause at once when it has to stop', async () => {
    const closing = new AbortController();
    const { resolved, buried, done } = run([message(0, 'a')], () => Promise.reject(failing(true)), {
      closing: closing.signal,
      patience: { attempts: 3, firstPause: 600_000, longestPause: 600_000 },
      waiting: () => setImmediate(() => closing.abort()),
    });
    await done;
    assert.deepEqual([resolved, buried], [[], []]);
  });
});
