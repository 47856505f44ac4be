import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sabotageOptions, type Sabotage } from '../faults/sabotage.js';
import { endsWithUs } from '../support/children.js';
import { missingForOwnKafka, startKafka, type OwnKafka } from '../support/kafka-servers.js';
import { needed } from '../support/needing.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Milliseconds within which a connection that was cut is no hindrance any more. */
const SOON = 8_000;

describe('a connection to Kafka that is cut in the midst of an answer', needed(missingForOwnKafka()), () => {
  let kafka: OwnKafka;
  let proxy: TcpProxy;
  before(async () => {
    proxy = await TcpProxy.listen();
    kafka = await startKafka(1, [proxy.port]);
    proxy.leadTo(kafka.clients[0] as number);
  });
  after(async () => {
    await kafka?.dispose();
    await proxy?.close();
  });

  /** The first cut after which Kafka is not heard any more, in bytes of an answer; undefined: there is none. */
  async function spoiledBy(sabotage: readonly Sabotage[]): Promise<number | undefined> {
    const asking = endsWithUs(
      fork(join(import.meta.dirname, '..', 'support', 'asks-kafka.js'), [`127.0.0.1:${proxy.port}`], {
        env: { ...process.env, ...sabotageOptions(sabotage) },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      }),
    );
    const ended = once(asking, 'exit').then(() => false);
    const told = (): Promise<boolean> => {
      const answer = once(asking, 'message').then(([answered]) => answered === true);
      return Promise.race([answer, ended, delay(SOON, false)]);
    };
    const isAnswered = (): Promise<boolean> => {
      if (asking.connected) asking.send('ask');
      return told();
    };
    try {
      assert.ok(await told(), 'it never reached Kafka');
      for (let bytes = 1; bytes < 120; bytes += 9) {
        proxy.cutAfter(bytes);
        await isAnswered();
        if (!(await isAnswered())) return bytes;
      }
      return undefined;
    } finally {
      asking.kill('SIGKILL');
    }
  }

  it('is followed by one that is as good as new', async () => {
    assert.equal(await spoiledBy([]), undefined);
  });

  it('is found to spoil the next, or to end the process, where the driver keeps what has come (the sabotage)', async () => {
    const whole = "event === 'data' ? wholeAnswers(listener) : listener";
    const kept = { file: 'libs/broker/dist/kafka/watched-socket.js', find: whole, put: 'listener' };
    assert.notEqual(await spoiledBy([kept]), undefined);
  });
});
