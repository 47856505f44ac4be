import { Random } from '../random.js';
import type { Sabotage } from '../sabotage.js';
import type { Scenario, Size, Twin } from '../scenarios.js';
import type { Service } from '../../support/cluster.js';
import { missingForCluster } from '../../support/cluster.js';
import { catalogue, type Fault } from './catalogue.js';
import { Replay } from './cluster-audit.js';
import { brokenRun, clusterRun, type RunOptions } from './cluster-run.js';
import { Stage } from './stage.js';

export interface ClusterScenarios {
  readonly scenarios: readonly Scenario[];
  readonly twins: readonly Twin[];
  /** Ends everything that was started for them. */
  close(): Promise<void>;
}

export interface ClusterOptions {
  readonly size: Size;
  readonly seed: number;
  readonly wanted?: (one: { readonly name: string }) => boolean;
  /** Told of each fault as it is over. */
  readonly told?: (line: string) => void;
}

const TOLD_TOO_EARLY: Sabotage[] = [
  {
    file: 'apps/gateway/dist/edge.js',
    find: 'else await broker.publish(messages);',
    put: 'else setTimeout(() => void broker.publish(messages).catch(() => undefined), 3_000);',
  },
];

const NOT_AWAITED: Sabotage[] = [
  {
    file: 'libs/broker/dist/kafka/batch-run.js',
    find: 'await options.handle(message);',
    put: 'setTimeout(() => void options.handle(message).catch(() => undefined), 3_000);',
  },
];

const UNACKNOWLEDGED: Sabotage[] = [
  { file: 'libs/broker/dist/kafka/driver.js', find: 'idempotent: true', put: 'idempotent: false' },
  { file: 'libs/broker/dist/kafka/driver.js', find: 'acks: -1', put: 'acks: 0' },
];

const RANDOM_IDS: Sabotage[] = [
  {
    file: 'libs/channels/dist/intake.js',
    find: 'eventId: eventId(this.#hash, sent.source, sent.id)',
    put: 'eventId: eventId(this.#hash, sent.source, sent.id + Math.random())',
  },
];

const SKIPPING: Sabotage[] = [
  {
    file: 'libs/read-store/dist/redis/row-publication.js',
    find: 'for (const party of touched.summaries)',
    put: 'for (const party of touched.summaries.slice(1))',
  },
];

const NEVER_AGAIN: Sabotage[] = [
  {
    file: 'libs/event-store/dist/kurrent/subscribed.js',
    find: 'while(!this.#ended.aborted)',
    put: 'for (let first = true; first; first = false)',
  },
];

/** Everything of a cluster, on one stage that is built when it is first needed. */
export function clusterScenarios({
  size,
  seed,
  wanted = () => true,
  told,
}: ClusterOptions): ClusterScenarios {
  const missing = missingForCluster();
  let stage: Promise<Stage> | undefined;
  let replay: Promise<Replay> | undefined;
  const onStage = (): Promise<Stage> => (stage ??= Stage.open());
  const replayed = async (): Promise<Replay> => (replay ??= Replay.begin((await onStage()).cluster));

  const faults = catalogue(size, new Random(seed)).filter(wanted);
  const scenario: Scenario = {
    name: `cluster: ${faults.length} faults`,
    missing,
    least: faults.length,
    run: async () =>
      clusterRun({
        ...{ name: 'cluster', stage: await onStage(), faults, seed, replay: await replayed() },
        ...(told && { told }),
      }),
  };

  const named = (part: string): Fault[] =>
    catalogue('ci', new Random(seed)).filter(({ name }) => name === part);
  const twin = (
    finds: Twin['finds'],
    name: string,
    [service, sabotage]: [Service, readonly Sabotage[]],
    { fault, ...more }: { fault: string; replayed?: boolean } & Pick<RunOptions, 'givenUp' | 'auditAnyway'>,
  ): Twin => ({
    name: `twin: ${name}`,
    missing,
    finds,
    run: async () => {
      const options = { name, stage: await onStage(), faults: named(fault), seed };
      return brokenRun(
        {
          ...options,
          ...(more.replayed === true && { replay: await replayed() }),
          ...(more.givenUp !== undefined && { givenUp: more.givenUp }),
          ...(more.auditAnyway !== undefined && { auditAnyway: more.auditAnyway }),
        },
        service,
        sabotage,
      );
    },
  });
  const twins = [
    twin('drift', 'a projector that leaves out what has changed', ['projector', SKIPPING], {
      ...{ fault: 'api killed', replayed: true },
      // What it leaves out may be what has to be on a card before everything is normal.
      ...{ givenUp: 10_000, auditAnyway: true },
    }),
    twin('late', 'an api that follows the log no more once it was cut off', ['api', NEVER_AGAIN], {
      ...{ fault: 'the event store killed', givenUp: 10_000 },
    }),
    twin('lost', 'a gateway that answers before Kafka has the events', ['gateway', TOLD_TOO_EARLY], {
      fault: 'gateway killed',
    }),
    twin('lost', 'an ingest that goes on before the log has the events', ['ingest', NOT_AWAITED], {
      fault: 'ingest killed',
    }),
    twin('lost', 'a gateway that does not wait for what Kafka answers', ['gateway', UNACKNOWLEDGED], {
      ...{ fault: 'connections to Kafka half-closed, Kafka told', givenUp: 60_000, auditAnyway: true },
    }),
    twin('doubled', 'an ingest to whom an event has another id each time', ['ingest', RANDOM_IDS], {
      ...{ fault: 'events delivered again in another order', givenUp: 10_000, auditAnyway: true },
    }),
  ];
  return {
    scenarios: faults.length === 0 ? [] : [scenario],
    twins: twins.filter(wanted),
    close: async () => {
      // What could not be started was told where it was needed.
      await (await replay?.catch(() => undefined))?.end();
      await (await stage?.catch(() => undefined))?.close();
    },
  };
}
