import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import type { GenericContainer, StartedTestContainer } from 'testcontainers';
import { documents, read } from './infra-files.js';

/** Milliseconds until a server must be there: its image may have to be fetched. */
const PATIENCE = 240_000;

/** Why no container can be started here; undefined: they can. */
export const missingDocker = (): string | undefined =>
  spawnSync('docker', ['version']).status === 0 ? undefined : 'there is no Docker engine';

/** A server in a container, as `infra/compose/dev.yml` describes it. */
export interface Contained {
  /** `host:port`. */
  readonly address: string;
  dispose(): Promise<void>;
}

interface Service {
  readonly image: string;
  readonly command?: string[];
  readonly environment?: Record<string, string | number>;
}

/** Loaded where a container is wanted, and not before: it brings a hundred packages. */
async function described(name: string): Promise<GenericContainer> {
  const { GenericContainer } = await import('testcontainers');
  const { services } = documents(read('infra/compose/dev.yml'))[0]?.toJS() as {
    services: Record<string, Service>;
  };
  const { image, command, environment = {} } = services[name] as Service;
  const variables = Object.entries(environment).map(([variable, value]) => [variable, String(value)]);
  const container = new GenericContainer(image)
    .withEnvironment(Object.fromEntries(variables) as Record<string, string>)
    .withStartupTimeout(PATIENCE);
  return command ? container.withCommand(command) : container;
}

const running = (started: StartedTestContainer, port: number): Contained => ({
  address: `${started.getHost()}:${started.getMappedPort(port)}`,
  dispose: async () => void (await started.stop()),
});

/** A KurrentDB without TLS. */
export async function kurrentContainer(): Promise<Contained> {
  const { Wait } = await import('testcontainers');
  const container = (await described('kurrentdb'))
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCodeMatching((code) => code < 300));
  return running(await container.start(), 2113);
}

/** A Kafka of one broker. It tells its clients where it is, so that its port has to be known before. */
export async function kafkaContainer(): Promise<Contained> {
  const { Wait } = await import('testcontainers');
  const port = await freePort();
  const container = (await described('kafka'))
    .withEnvironment({ KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}` })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  return running(await container.start(), 9092);
}

/** A Redis that keeps every write. */
export async function redisContainer(): Promise<Contained> {
  const { Wait } = await import('testcontainers');
  const container = (await described('vault'))
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'));
  return running(await container.start(), 6379);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
