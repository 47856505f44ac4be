import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sabotage } from '../faults/sabotage.js';
import { Balancer } from '../support/balancer.js';
import { missingForCluster, startCluster, type Cluster, type Service } from '../support/cluster.js';
import { TEST_KEY } from '../support/hub.js';
import { needed } from '../support/needing.js';
import type { ServiceProcess } from '../support/service-process.js';
import { SteadyLoad } from '../support/steady-load.js';
import { watch, type Pushed, type Watcher } from '../support/watch.js';

/** Seconds; many times what the balancer takes to see that a process goes. */
const ENV = { THREADLINE_STOP_GRACE: '5' };
/** Requests that are answered while both of a service are there again. */
const SOME = 40;
/** Milliseconds until the live push has told of everything. */
const PATIENCE = 30_000;

const SERVICES: readonly Service[] = ['gateway', 'ingest', 'projector', 'api'];

/** It closes as before, and has told nobody that it will. */
const SAYS_NOTHING: readonly Sabotage[] = [
  { file: 'libs/platform/dist/drain-http.js', find: 'health.stopping();', put: '' },
];
/** It tells, and closes at once. */
const WAITS_FOR_NOBODY: readonly Sabotage[] = [
  { file: 'libs/platform/dist/drain-http.js', find: 'if (grace > 0)', put: 'if (false)' },
];

describe('a rolling restart under load', needed(missingForCluster()), () => {
  let cluster: Cluster;
  let doors: Record<'gateway' | 'api', Balancer>;
  let running: Record<Service, ServiceProcess[]>;

  const start = async (name: Service, sabotage: readonly Sabotage[] = []): Promise<ServiceProcess> => {
    const service = await cluster.start(name, { sabotage, env: ENV });
    running[name].push(service);
    if (name === 'gateway' || name === 'api') await doors[name].add(service);
    return service;
  };

  /** Ends the oldest; another is there already, as `maxUnavailable: 0` wants it. */
  const endOne = async (name: Service): Promise<void> => {
    const [oldest] = running[name];
    assert.ok(oldest);
    assert.equal(await oldest.end('SIGTERM'), 0, oldest.output());
    running[name].shift();
    if (name === 'gateway' || name === 'api') doors[name].remove(oldest);
  };

  before(async () => {
    cluster = await startCluster();
    doors = { gateway: await Balancer.open(), api: await Balancer.open() };
    running = { gateway: [], ingest: [], projector: [], api: [] };
    for (const name of SERVICES) for (let each = 0; each < 2; each++) await start(name);
  });
  after(async () => {
    await Promise.all(Object.values(doors ?? {}).map((door) => door.close()));
    await cluster?.dispose();
  });

  const loaded = async (work: (load: SteadyLoad) => Promise<void>): Promise<SteadyLoad> => {
    const load = new SteadyLoad({ writes: doors.gateway.url, reads: doors.api.url });
    await load.prepare();
    assert.deepEqual(load.failures, []);
    load.begin();
    try {
      await load.more(SOME);
      await work(load);
    } finally {
      await load.end();
    }
    return load;
  };

  it('of every process of every service lets no request fail, and the live push miss nothing', async () => {
    const from = await cluster.head();
    const watcher = new Following(doors.api.url);
    await watcher.begun;
    const load = await loaded(async (under) => {
      for (const name of SERVICES) {
        for (let each = 0; each < 2; each++) {
          await start(name);
          await endOne(name);
          await under.more(SOME);
        }
      }
    });
    assert.deepEqual(load.failures, []);
    const { connections, pushed, cutOff } = await watcher.until(async (told) => {
      const positions = (await cluster.log(from)).map(({ position }) => String(position));
      return positions.every((position) => told.has(position));
    });
    assert.deepEqual(cutOff, [], 'who watches is let go, not cut off');
    assert.ok(connections > 1, 'and comes back to another');
    assert.equal(
      new Set(pushed.map((one) => JSON.stringify(one))).size,
      pushed.length,
      'nothing comes twice',
    );
  });

  for (const [what, sabotage] of [
    ['says nothing before it closes', SAYS_NOTHING],
    ['closes as soon as it has said so', WAITS_FOR_NOBODY],
  ] as const)
    it(`… and it is noticed when a process ${what}`, async () => {
      await start('gateway', sabotage);
      for (let each = 0; each < 2; each++) await endOne('gateway');
      await start('gateway');
      const load = await loaded((under) => endOne('gateway').then(() => under.more(1)));
      assert.notDeepEqual(load.failures, []);
    });
});

/** A watcher as `EventSource` is one: it comes back where it was, whenever it is let go. */
class Following {
  /** What was not an end. */
  readonly cutOff: unknown[] = [];
  readonly begun: Promise<void>;
  connections = 0;
  readonly #earlier: Pushed[] = [];
  readonly #following: Promise<void>;
  #watcher: Watcher | undefined;
  #stopped = false;

  constructor(url: string) {
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.#following = this.#follow(url, begun.resolve);
    this.#following.catch(begun.reject);
  }

  get pushed(): readonly Pushed[] {
    return [...this.#earlier, ...(this.#watcher?.pushed ?? [])];
  }

  /** Resolves when enough was told, by the positions of what was; it watches no longer then. */
  async until(enough: (told: ReadonlySet<string>) => Promise<boolean>): Promise<this> {
    const deadline = Date.now() + PATIENCE;
    while (!(await enough(new Set(this.pushed.map(({ id }) => id))))) {
      assert.ok(Date.now() < deadline, `${this.pushed.length} messages, and not all`);
      await delay(50);
    }
    this.#stopped = true;
    this.#watcher?.close();
    await this.#following;
    return this;
  }

  async #follow(url: string, begun: () => void): Promise<void> {
    const headers = { authorization: `Bearer ${TEST_KEY}` };
    const hub = {
      fetch: (path: string, init: RequestInit = {}) =>
        fetch(`${url}${path}`, { ...init, headers: { ...headers, ...init.headers } }),
    };
    while (!this.#stopped) {
      this.#watcher = await watch(hub, '', this.pushed.at(-1)?.id);
      this.connections++;
      begun();
      await this.#watcher.ended.catch((error: unknown) => {
        if (!this.#stopped) this.cutOff.push(error);
      });
      if (this.#stopped) return;
      this.#earlier.push(...this.#watcher.pushed);
      this.#watcher = undefined;
    }
  }
}
