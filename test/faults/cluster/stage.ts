import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic } from '@threadline/broker/kafka/topics';
import { DEAD_LETTERS, INBOUND } from '@threadline/contracts/events-answer';
import { createLogger } from '@threadline/platform/logger';
import { startCluster, type Cluster, type Service } from '../../support/cluster.js';
import { openLines, type Lines } from '../../support/lines.js';
import type { Target } from '../load.js';
import { Place } from './place.js';

/** A server of the cluster, which comes back on its port with its files. */
export interface Server {
  readonly name: string;
  /** SIGSTOP or SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and started again at once; resolves when it takes connections. */
  kill(): Promise<void>;
}

/** Everything that faults happen to: a whole cluster, two of each service, behind proxies. */
export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly lines: Lines,
    readonly places: Readonly<Record<Service, readonly [Place, Place]>>,
    /** A program beside ours that publishes to Kafka, directly. */
    readonly outside: KafkaBroker,
  ) {}

  static async open(): Promise<Stage> {
    const lines = await openLines(3);
    const cluster = await startCluster({ brokers: 3, lines });
    const two = (service: Service): [Place, Place] => [
      new Place(cluster, service, 1),
      new Place(cluster, service, 2),
    ];
    const places = {
      gateway: two('gateway'),
      ingest: two('ingest'),
      projector: two('projector'),
      api: two('api'),
    };
    try {
      // The first ingest begins the vault, and the projectors make what the apis wait for.
      for (const service of ['ingest', 'gateway', 'projector', 'api'] as const)
        await Promise.all(places[service].map((place) => place.open()));
      return new Stage(cluster, lines, places, await publisher(cluster));
    } catch (error) {
      await cluster.dispose();
      await lines.close();
      throw error;
    }
  }

  get all(): readonly Place[] {
    return Object.values(this.places).flat();
  }

  get brokers(): readonly Server[] {
    const { kafka } = this.cluster;
    return kafka.brokers.map((_, index) => ({
      name: `broker ${index + 1}`,
      signal: (signal) => kafka.kill(index, signal),
      kill: async () => {
        kafka.kill(index);
        await kafka.start(index);
      },
    }));
  }

  get store(): Server {
    const { store } = this.cluster;
    return {
      name: 'the event store',
      signal: (signal) => void store.process().kill(signal),
      kill: async () => {
        await store.end('SIGKILL');
        await store.start();
      },
    };
  }

  get redis(): Readonly<Record<'vault' | 'reads', Server>> {
    const { redis, reads } = this.cluster;
    const server = (name: string, servers: typeof redis): Server => ({
      name,
      signal: (signal) => servers.kill(1, signal),
      kill: async () => {
        servers.kill(1);
        await servers.start(1);
      },
    });
    return { vault: server("the vault's Redis", redis), reads: server("the read models' Redis", reads) };
  }

  /** The gateways, one after the other, as a balancer gives them. */
  get gateways(): Target {
    let turn = 0;
    const { gateway } = this.places;
    return {
      alive: true,
      tellsPositions: false,
      post: (path, contentType, body) => postTo(gateway[turn++ % 2] as Place, path, contentType, body),
    };
  }

  /** The projector that publishes. */
  async active(): Promise<Place> {
    for (;;)
      for (const place of this.places.projector) {
        const page = await place.fetch('/metrics').then(
          (response) => response.text(),
          () => '',
        );
        if (/^threadline_projector_active 1$/m.test(page)) return place;
      }
  }

  async close(): Promise<void> {
    await this.outside.close();
    await Promise.all(this.all.map((place) => place.end('SIGKILL')));
    await this.cluster.dispose();
    await this.lines.close();
  }
}

/** A gateway alone. */
export const gatewayAt = (place: Place): Target => ({
  alive: true,
  tellsPositions: false,
  post: (path, contentType, body) => postTo(place, path, contentType, body),
});

const postTo = (place: Place, path: string, contentType: string, body: string): Promise<Response> =>
  place.fetch(path, { method: 'POST', headers: { 'content-type': contentType }, body });

const publisher = (cluster: Cluster): Promise<KafkaBroker> =>
  KafkaBroker.open({
    brokers: cluster.kafka.brokers,
    clientId: 'another-program',
    group: 'another-program',
    dead: DEAD_LETTERS,
    topics: [inboundTopic(INBOUND), deadTopic(DEAD_LETTERS)],
    log: createLogger({ level: 'silent' }),
    lost: () => undefined,
  });
