import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { StoreRefusedError } from '@threadline/event-store/errors';
import { textEvent } from '@threadline/event-store/event-store-properties';
import { readEvent } from '@threadline/event-store/grpc/wire';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import {
  answerNotNow,
  emptyRead,
  refuseAsFollower,
  startFaulty,
  type BatchCall,
  type Faults,
  type FaultyServer,
  type ReadCall,
} from '../support/faulty-event-store.js';
import { all, newStream } from '../support/esdb.js';
import { startStore, type StoreProcess } from '../support/store-process.js';

/** The node that leads in the end. The others have its certificate. */
let leader: StoreProcess;
before(async () => (leader = await startStore()));
after(() => leader.dispose());

const open = (connectionString: string): Promise<KurrentEventStore> =>
  KurrentEventStore.open({ connectionString, patience: { answer: 5_000, pause: 10 } });

const one = (text: string) => [
  { stream: newStream(), expected: 'no-stream' as const, events: [textEvent(text)] },
];

/** What a node was asked to append: the ids, and whether no stream was expected. */
const asked = (request: streams.BatchAppendReq) => ({
  ids: request.getProposedMessagesList().map((message) => message.getId()?.getString()),
  noStream: request.getOptions()?.hasNoStream(),
});

/** Appends, and looks in the log of the leader whether it is there, once, as it was sent. */
async function appendsOnce(store: KurrentEventStore, requests: ReturnType<typeof asked>[]): Promise<void> {
  const [append] = one('x');
  assert.ok(append);
  const [result] = await store.append([append]);
  assert.equal(result?.status, 'appended');
  const ids = append.events.map(({ id }) => id);
  assert.ok(requests.length > 0);
  for (const request of requests) assert.deepEqual(request, { ids, noStream: true });
  const read = await all(store.readStream(append.stream));
  assert.deepEqual(
    read.map(({ id }) => id),
    ids,
  );
}

describe('a node that does not lead', () => {
  it('is left: appends and reads go on at the leader', async () => {
    const requests: ReturnType<typeof asked>[] = [];
    const batchAppend = (call: BatchCall): void => {
      call.on('data', (request: streams.BatchAppendReq) => {
        requests.push(asked(request));
        refuseAsFollower(call, leader);
      });
    };
    const follower = await startFaulty({ read: emptyRead, batchAppend }, leader.folder);
    const store = await open(follower.connection);
    await appendsOnce(store, requests);
    await store.close();
    follower.close();
  });

  it('is asked again while it does not know who leads, or is busy, or not ready', async () => {
    const answers = ['Server Is Not Ready', 'Server Is Busy', 'No leader info available in response'];
    const requests: ReturnType<typeof asked>[] = [];
    const batchAppend = (call: BatchCall): void => {
      call.on('data', (request: streams.BatchAppendReq) => {
        const answer = answers[requests.length];
        requests.push(asked(request));
        if (answer === undefined) refuseAsFollower(call, leader);
        else answerNotNow(call, request, answer);
      });
    };
    const follower = await startFaulty({ read: emptyRead, batchAppend }, leader.folder);
    const store = await open(follower.connection);
    await appendsOnce(store, requests);
    assert.equal(requests.length, answers.length + 1);
    await store.close();
    follower.close();
  });

  it('is not asked again what it calls a bad request', async () => {
    const batchAppend = (call: BatchCall): void => {
      call.on('data', (request: streams.BatchAppendReq) => answerNotNow(call, request, 'Invalid id.'));
    };
    const follower = await startFaulty({ read: emptyRead, batchAppend }, leader.folder);
    const store = await open(follower.connection);
    await assert.rejects(store.append(one('x')), StoreRefusedError);
    await store.close();
    follower.close();
  });
});

describe('a cluster whose leader goes away', () => {
  /** Two nodes, of which the first leads until it goes away; then the cluster is led by the real one. */
  const inCluster = async (
    faults: (leave: () => void) => Faults,
    work: (store: KurrentEventStore) => Promise<void>,
  ): Promise<void> => {
    let leads = leader.port;
    const said = (): number => leads;
    const leave = (): void => {
      leads = leader.port;
      first.close();
    };
    const other = await startFaulty({ leader: said }, leader.folder);
    const first: FaultyServer = await startFaulty(
      { leader: said, read: emptyRead, ...faults(leave) },
      leader.folder,
    );
    leads = first.port;
    const seeds = `127.0.0.1:${first.port},127.0.0.1:${other.port}`;
    const store = await open(first.connection.replace(`127.0.0.1:${first.port}`, seeds));
    try {
      await work(store);
    } finally {
      await store.close();
      first.close();
      other.close();
    }
  };

  it('in the midst of an append: it is sent to the next one as it was', async () => {
    const requests: ReturnType<typeof asked>[] = [];
    const faults = (leave: () => void): Faults => ({
      batchAppend: (call) => {
        call.on('data', (request: streams.BatchAppendReq) => {
          requests.push(asked(request));
          leave();
        });
      },
    });
    await inCluster(faults, (store) => appendsOnce(store, requests));
    assert.equal(requests.length, 1);
  });

  it('in the midst of a read: it goes on at the next one, and leaves nothing out', async () => {
    const stream = newStream();
    const events = ['a', 'b', 'c'].map((text) => textEvent(text));
    const direct = await open(leader.connection());
    await direct.append([{ stream, expected: 'no-stream', events }]);
    const [begun] = await all(direct.readStream(stream, { limit: 1 }));
    await direct.close();
    assert.ok(begun);
    const faults = (leave: () => void): Faults => ({
      read: (call: ReadCall) => {
        if (!(call.request.getOptions()?.hasStream() ?? false)) return emptyRead(call);
        call.write(readEvent({ event: begun }, 'text'), leave);
      },
    });
    await inCluster(faults, async (store) => {
      const read = await all(store.readStream(stream));
      assert.deepEqual(
        read.map(({ id }) => id),
        events.map(({ id }) => id),
      );
    });
  });
});
