import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  ConnectionStringError,
  InvalidAppendError,
  StoreRefusedError,
  StoreUnavailableError,
} from '@threadline/event-store/errors';
import { textEvent } from '@threadline/event-store/event-store-properties';
import { checkpoint, confirmation, readEvent } from '@threadline/event-store/grpc/wire';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { newKey } from '@threadline/platform/auth';
import { emptyRead, startFaulty, type BatchCall, type Faults } from '../support/faulty-event-store.js';
import { all, newStream } from '../support/esdb.js';
import { startStore, type StoreProcess } from '../support/store-process.js';

let server: StoreProcess;
before(async () => (server = await startStore()));
after(() => server.dispose());

const open = (connectionString: string): Promise<KurrentEventStore> =>
  KurrentEventStore.open({ connectionString, patience: { answer: 500, total: 1_500, pause: 10 } });

/** Opens the store on a server with those faults, and closes both. */
async function on(faults: Faults, work: (store: KurrentEventStore) => Promise<void>): Promise<void> {
  const faulty = await startFaulty({ read: emptyRead, ...faults });
  const store = await open(faulty.connection);
  try {
    await work(store);
  } finally {
    await store.close();
    faulty.close();
  }
}

const one = (expected: number | 'no-stream' | 'any' = 'any') => [
  { stream: newStream(), expected, events: [textEvent('x')] },
];

describe('the connection string', () => {
  const refused = (change: (text: string) => string): Promise<void> =>
    assert.rejects(open(change(server.connection())), (error) => {
      assert.ok(error instanceof ConnectionStringError);
      assert.ok(!error.message.includes('test-key'), 'no secret is told');
      return true;
    });

  it('with credentials and without TLS is refused: the driver would leave the credentials out', () =>
    refused((text) => text.replace('tls=true', 'tls=false')));

  it('that turns off the check of certificates is refused: the driver would check all the same', () =>
    refused((text) => `${text}&tlsVerifyCert=false`));

  it('that turns off throwing is refused: a failed append would look like any other', () =>
    refused((text) => `${text}&throwOnAppendFailure=false`));

  it('that names a file that is not there, or is of something else, is refused', async () => {
    await refused((text) => text.replace('eventstore-ca.crt', 'another.crt'));
    await refused((text) => text.replace('esdb', 'http'));
    await refused((text) => `${text}&keepAliveInterval=soon`);
  });

  it('may have the new name of the scheme, and discover', async () => {
    for (const scheme of ['kurrentdb://', 'kurrentdb+discover://', 'esdb+discover://']) {
      const store = await open(server.connection().replace('esdb://', scheme));
      const [result] = await store.append(one());
      assert.equal(result?.status, 'appended');
      await store.close();
    }
  });

  it('with a wrong key is refused at once, by name', async () => {
    await assert.rejects(open(server.connection(newKey())), StoreRefusedError);
  });

  it('without the authority of the server leads nowhere', async () => {
    await assert.rejects(open(server.connection().replace(/&tlsCAFile=.*/, '')), StoreUnavailableError);
  });
});

describe('the driver', () => {
  it('fails nothing of another client in the process: its own appends in flight are in one place', async () => {
    let sent = 0;
    const silent = (call: BatchCall): void => void call.on('data', () => sent++);
    await on({ batchAppend: silent }, (unanswered) =>
      on({ batchAppend: (call) => call.end() }, async (failing) => {
        await Promise.all(
          [unanswered, failing].map((store) => assert.rejects(store.append(one()), StoreUnavailableError)),
        );
      }),
    );
    // Once for each answer that was waited for in vain.
    assert.ok(sent >= 1 && sent <= 4, `sent ${sent} times`);
  });

  it('is the only one: its successor cannot be loaded beside it', () => {
    const lock = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package-lock.json'), 'utf8');
    assert.ok(lock.includes('node_modules/@eventstore/db-client'));
    assert.ok(!lock.includes('node_modules/@kurrent/'));
  });

  it('is never given -1 for a revision', async () => {
    const store = await open(server.connection());
    await assert.rejects(store.append(one(-1)), InvalidAppendError);
    await store.close();
  });
});

describe('a server that does not answer', () => {
  it('an append: it ends, with an unknown outcome', () =>
    on({ batchAppend: () => undefined }, async (store) => {
      await assert.rejects(store.append(one()), StoreUnavailableError);
    }));

  it('an append, but ends the call: it is tried on another', async () => {
    let calls = 0;
    const ends = (call: BatchCall): void => {
      calls++;
      call.end();
    };
    await on({ batchAppend: ends }, async (store) => {
      await assert.rejects(store.append(one()), StoreUnavailableError);
    });
    assert.ok(calls > 1, `${calls} calls`);
  });

  it('a read: it ends, and so does the opening', async () => {
    const faulty = await startFaulty({});
    await assert.rejects(open(faulty.connection), StoreUnavailableError);
    faulty.close();
  });

  it('any more, in the midst of a read', () => {
    let reads = 0;
    const half = (call: Parameters<typeof emptyRead>[0]): void => {
      if (++reads === 1) emptyRead(call);
      else if (reads === 2) call.write(readEvent({ event: event(1) }, 'text'));
    };
    return on({ read: half }, async (store) => {
      await assert.rejects(all(store.readStream('a-1')), StoreUnavailableError);
      assert.ok(reads > 2, 'it was tried again, from where it was');
    });
  });
});

describe('a subscription to a server whose events have no position', () => {
  // Where a callback of the driver throws it says nothing, for ever.
  it('ends with an error, and does not stand still', () => {
    const old = (call: Parameters<typeof emptyRead>[0]): void => {
      if (!call.request.getOptions()?.hasSubscription()) return emptyRead(call);
      call.write(confirmation('1'));
      call.write(readEvent({ event: event(0) }, 'text'));
      call.write(checkpoint(1));
    };
    return on({ read: old }, async (store) => {
      const abort = new AbortController();
      const following = all(store.subscribe({ signal: abort.signal }));
      await assert.rejects(Promise.race([following, lateBy(5_000)]), StoreRefusedError);
      abort.abort();
    });
  });
});

const event = (position: number) => ({
  ...textEvent('x'),
  position,
  stream: 'a-1',
  revision: 0,
  recordedAt: 1,
});

const lateBy = (milliseconds: number): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error('it stands still')), milliseconds).unref();
  });
