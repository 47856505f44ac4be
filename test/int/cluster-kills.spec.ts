import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sabotage } from '../faults/sabotage.js';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { ClusterLoad, type Audit } from '../support/cluster-load.js';
import { needed } from '../support/needing.js';
import type { ServiceProcess } from '../support/service-process.js';

/** Builds that are broken on purpose: what each test is about has to be noticed there. */
const NOT_AWAITED: Sabotage = {
  file: 'libs/broker/dist/kafka/batch-run.js',
  find: 'await options.handle(message);',
  put: 'void options.handle(message).catch(() => undefined);',
};
const RANDOM_IDS: Sabotage = {
  file: 'libs/channels/dist/intake.js',
  find: 'eventId: eventId(this.#hash, sent.source, sent.id)',
  put: 'eventId: eventId(this.#hash, sent.source, sent.id + Math.random())',
};
const TOLD_TOO_EARLY: Sabotage = {
  file: 'apps/gateway/dist/edge.js',
  find: 'else await broker.publish(messages);',
  put: 'else setTimeout(() => void broker.publish(messages).catch(() => undefined), 100);',
};
const UNACKNOWLEDGED: readonly Sabotage[] = [
  { file: 'libs/broker/dist/kafka/driver.js', find: 'idempotent: true', put: 'idempotent: false' },
  { file: 'libs/broker/dist/kafka/driver.js', find: 'acks: -1', put: 'acks: 0' },
];

describe('once, from an acknowledgement to the log, whoever is killed', needed(missingForCluster()), () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster(3);
  });
  after(() => cluster?.dispose());

  const whole = (audit: Audit): void => {
    assert.ok(audit.acknowledged > 0);
    assert.deepEqual({ lost: audit.lost, doubled: audit.doubled }, { lost: 0, doubled: 0 });
  };

  const ended = (services: readonly ServiceProcess[]): Promise<unknown> =>
    Promise.all(services.map((service) => service.end('SIGTERM')));

  /** Resolves when the log holds more than it did. */
  const grown = async (before: number): Promise<void> => {
    while ((await cluster.log(before)).length === 0) await delay(10);
  };

  /** Ingest, killed while it works off what has gathered; then another works it off. */
  async function ingestKilled(sabotage: readonly Sabotage[]): Promise<Audit> {
    const gateway = await cluster.start('gateway');
    const load = await ClusterLoad.to(cluster, () => [gateway]);
    await load.burst(3_000);
    const before = await cluster.head();
    const first = await cluster.start('ingest', sabotage);
    await grown(before);
    await first.end('SIGKILL');
    const second = await cluster.start('ingest', sabotage);
    const audit = await load.audit(second);
    await ended([gateway, second]);
    return audit;
  }

  /** One of two gateways, killed twice while requests are under way. */
  async function gatewayKilled(sabotage: readonly Sabotage[]): Promise<Audit> {
    const [ingest, steady] = await Promise.all([cluster.start('ingest'), cluster.start('gateway')]);
    const gateways = [steady];
    const load = await ClusterLoad.to(cluster, () => gateways);
    load.begin();
    for (let time = 0; time < 2; time++) {
      const doomed = await cluster.start('gateway', sabotage);
      gateways.push(doomed);
      await load.more(300);
      await doomed.end('SIGKILL');
      gateways.pop();
    }
    await load.end();
    const audit = await load.audit(ingest);
    await ended([ingest, steady]);
    return audit;
  }

  /** One of three brokers, killed under load, and started again. */
  async function brokerKilled(index: number, sabotage: readonly Sabotage[]): Promise<Audit> {
    const [ingest, gateway] = await Promise.all([
      cluster.start('ingest'),
      cluster.start('gateway', sabotage),
    ]);
    const load = await ClusterLoad.to(cluster, () => [gateway]);
    load.begin();
    await load.more(500);
    await cluster.kafka.kill(index);
    await load.more(1_000);
    await cluster.kafka.start(index);
    await load.more(500);
    await load.end();
    const audit = await load.audit(ingest);
    await ended([ingest, gateway]);
    return audit;
  }

  it('ingest is killed over a backlog', async () => {
    whole(await ingestKilled([]));
  });

  it('… and it is noticed when offsets are resolved before the append', async () => {
    const { lost } = await ingestKilled([NOT_AWAITED]);
    assert.ok(lost > 0, 'nothing was lost');
  });

  it('… and it is noticed when an event has another id each time', async () => {
    const { doubled } = await ingestKilled([RANDOM_IDS]);
    assert.ok(doubled > 0, 'nothing was doubled');
  });

  it('a gateway is killed under load', async () => {
    whole(await gatewayKilled([]));
  });

  it('… and it is noticed when it answers before Kafka has the events', async () => {
    const { lost } = await gatewayKilled([TOLD_TOO_EARLY]);
    assert.ok(lost > 0, 'nothing was lost');
  });

  it('the group is divided anew, again and again', async () => {
    const [gateway, first] = await Promise.all([cluster.start('gateway'), cluster.start('ingest')]);
    const load = await ClusterLoad.to(cluster, () => [gateway]);
    load.begin();
    const others: ServiceProcess[] = [];
    for (let time = 0; time < 2; time++) {
      others.push(await cluster.start('ingest'));
      await load.more(300);
    }
    assert.equal(await first.end('SIGTERM'), 0);
    await load.more(300);
    await others[0]?.end('SIGKILL');
    const latest = await cluster.start('ingest');
    await load.more(300);
    await load.end();
    whole(await load.audit(latest));
    await ended([gateway, latest, ...others]);
  });

  it('a broker of three is killed', async () => {
    whole(await brokerKilled(0, []));
  });

  it('… and it is noticed when nobody waits for the replicas', async () => {
    const { lost } = await brokerKilled(1, UNACKNOWLEDGED);
    assert.ok(lost > 0, 'nothing was lost');
  });
});
