import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { STOPS_WITHIN } from '@threadline/platform/graceful-stop';
import { Metrics } from '@threadline/platform/metrics';
import { loadConfig, loadServiceConfig } from '@threadline/platform/config';
import { weaknessesOf } from '@threadline/vault/redis/settings';
import {
  documents,
  entriesIn,
  filesOf,
  imagesIn,
  metricsAsked,
  metricsIn,
  metricsMade,
  read,
  redisSettings,
  ROOT,
  unknownVariables,
  unpinned,
  withKey,
} from '../support/infra-files.js';

const COMPOSE = filesOf('.yml').filter((path) => path.includes('/compose/'));
const KUBERNETES = filesOf('.yaml').filter((path) => path.includes('/kubernetes/'));
const DOCKERFILE = 'infra/docker/Dockerfile';
const SERVICES = ['gateway', 'ingest', 'projector', 'api'] as const;

type Loose = Record<string, unknown>;
/** A member however deep; undefined where there is none. */
const member = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Loose | undefined)?.[key], value);

interface Compose {
  services: Record<string, { command?: string[]; environment?: Loose; stop_grace_period?: string }>;
}
const compose = (path: string): Compose => documents(read(path))[0]?.toJS() as Compose;

describe('the files of infra/', () => {
  it('are YAML and JSON, without a key twice', () => {
    for (const path of filesOf('.yml', '.yaml')) {
      assert.doesNotThrow(() => documents(read(path)), path);
    }
    for (const path of filesOf('.json')) assert.doesNotThrow(() => JSON.parse(read(path)) as unknown, path);
    assert.throws(() => documents('a: 1\na: 2'), /unique/);
  });

  it('name every image with its version', () => {
    const images = [...COMPOSE, ...KUBERNETES].flatMap((path) => imagesIn(read(path)));
    assert.ok(images.length > 10);
    const { newTag } = withKey(read('infra/kubernetes/kustomization.yaml'), 'newTag')[0] ?? {};
    const pinned = images.map((image) => (image === 'threadline' ? `threadline:${String(newTag)}` : image));
    assert.deepEqual(unpinned(pinned), []);
    const bases = [...read(DOCKERFILE).matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base);
    assert.deepEqual(unpinned(bases), []);
    const { version } = JSON.parse(read('package.json')) as { version: string };
    assert.ok(pinned.includes(`threadline:${version}`), 'our own has the version of the workspace');
    assert.deepEqual(
      new Set(pinned.filter((image) => image.startsWith('threadline:'))),
      new Set([`threadline:${version}`]),
    );
    assert.deepEqual(unpinned(['redis', 'redis:latest', 'redis:7', 'redis:7.4.2']), [
      ...['redis', 'redis:latest', 'redis:7'],
    ]);
  });

  it('name no variable that the configuration does not know', () => {
    for (const path of [...filesOf('.yml', '.yaml'), DOCKERFILE]) {
      assert.deepEqual(unknownVariables(read(path)), [], path);
    }
    assert.deepEqual(unknownVariables('THREADLINE_PORT THREADLINE_PROT'), ['THREADLINE_PROT']);
  });

  for (const service of SERVICES) {
    it(`run the ${service} as npm run start:${service} does`, () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
      const script = scripts[`start:${service}`];
      const entry = `apps/${service}/dist/main.js`;
      assert.deepEqual(compose('infra/compose/cluster.yml').services[service]?.command, [entry]);
      assert.deepEqual(entriesIn(read(`infra/kubernetes/${service}.yaml`)), [entry]);
      assert.ok(existsSync(join(ROOT, `apps/${service}/src/main.ts`)));
      assert.deepEqual(entriesIn(script ?? ''), [entry]);
    });
  }

  it('give the services a configuration that they take', () => {
    const masterKey = { THREADLINE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') };
    const parts = ['kafka', 'eventStore', 'redis', 'vault'] as const;
    const given = [
      compose('infra/compose/cluster.yml').services['gateway']?.environment,
      member(documents(read('infra/kubernetes/config.yaml'))[0]?.toJS(), 'data') as Loose,
    ];
    for (const environment of given) {
      assert.ok(environment);
      const plain = Object.entries(environment)
        .filter(([name, value]) => name !== 'THREADLINE_MASTER_KEY_FILE' && !String(value).startsWith('${'))
        .map(([name, value]) => [name, String(value)]);
      const config = loadServiceConfig(parts, { ...Object.fromEntries(plain), ...masterKey });
      assert.equal(config.mode, 'cluster');
    }
  });

  it('give a service as long to end as it takes', () => {
    const within = (environment: Loose | undefined): number => {
      const given = Object.entries(environment ?? {})
        .filter(([name]) => ['THREADLINE_MODE', 'THREADLINE_STOP_GRACE'].includes(name))
        .map(([name, value]) => [name, String(value)]);
      const { stopGrace } = loadConfig(Object.fromEntries(given) as Record<string, string>);
      return (stopGrace + STOPS_WITHIN) / 1_000;
    };
    const data = member(documents(read('infra/kubernetes/config.yaml'))[0]?.toJS(), 'data') as Loose;
    for (const service of SERVICES) {
      const [pod] = withKey(read(`infra/kubernetes/${service}.yaml`), 'terminationGracePeriodSeconds');
      assert.ok(Number(pod?.['terminationGracePeriodSeconds']) > within(data), service);
      const composed = compose('infra/compose/cluster.yml').services[service];
      const seconds = Number(/^(\d+)s$/.exec(String(composed?.stop_grace_period))?.[1]);
      assert.ok(seconds > within(composed?.environment), service);
    }
  });

  it('give the vault a Redis that it does not refuse', () => {
    const commands = [
      ...COMPOSE.map((path) => compose(path).services['vault']?.command),
      withKey(read('infra/kubernetes/vault.yaml'), 'args')[0]?.['args'] as string[],
    ];
    for (const command of commands) {
      const config = redisSettings(command ?? []);
      assert.deepEqual(weaknessesOf({ where: 'here', config, replicas: 0 }), []);
      assert.equal(config.get('save'), '', 'no snapshots, in which a destroyed key would lie');
    }
    const plain = redisSettings(['redis-server', '--appendonly', 'yes']);
    assert.equal(weaknessesOf({ where: 'here', config: plain, replicas: 0 }).length, 1);
  });
});

describe('docker compose', () => {
  const programs = [['docker', 'compose'], ['docker-compose']] as const;
  const found = programs.find(([name, ...args]) => spawnSync(name, [...args, 'version']).status === 0);
  for (const path of COMPOSE) {
    it(`accepts ${basename(path)}`, (context) => {
      if (found === undefined) {
        context.skip('docker compose is not installed (Debian: docker-compose)');
        return;
      }
      const [name, ...args] = found;
      const { status, stderr } = spawnSync(name, [...args, '-f', join(ROOT, path), 'config'], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
    });
  }
});

describe('the Kubernetes manifests', () => {
  const objects = KUBERNETES.flatMap((path) =>
    documents(read(path)).map((document) => document.toJS() as Loose),
  );
  const ofKind = (kind: string): Loose[] => objects.filter((object) => object['kind'] === kind);
  const running = [...ofKind('Deployment'), ...ofKind('StatefulSet')];
  const nameOf = (object: Loose): string => String(member(object, 'metadata', 'name'));

  it('are all listed by the kustomization', () => {
    const [{ resources } = { resources: [] }] = withKey(
      read('infra/kubernetes/kustomization.yaml'),
      'resources',
    ) as { resources: string[] }[];
    const files = KUBERNETES.map((path) => basename(path)).filter((name) => name !== 'kustomization.yaml');
    assert.deepEqual([...resources].sort(), files);
  });

  it('give every container probes, requests, limits, and nothing that it does not need', () => {
    assert.deepEqual(running.map(nameOf).sort(), ['api', 'gateway', 'ingest', 'projector', 'redis', 'vault']);
    for (const object of running) {
      const pod = member(object, 'spec', 'template', 'spec');
      assert.equal(member(pod, 'securityContext', 'runAsNonRoot'), true, nameOf(object));
      const containers = member(pod, 'containers') as Loose[];
      for (const container of containers) {
        for (const probe of ['readinessProbe', 'livenessProbe']) assert.ok(container[probe], nameOf(object));
        for (const part of ['cpu', 'memory']) {
          assert.ok(member(container, 'resources', 'requests', part), nameOf(object));
        }
        assert.ok(member(container, 'resources', 'limits', 'memory'), nameOf(object));
        assert.equal(member(container, 'securityContext', 'readOnlyRootFilesystem'), true);
        assert.equal(member(container, 'securityContext', 'allowPrivilegeEscalation'), false);
      }
    }
  });

  it('keep a budget of disruptions for each', () => {
    const budgets = ofKind('PodDisruptionBudget').map((budget) =>
      member(budget, 'spec', 'selector', 'matchLabels', 'app'),
    );
    assert.deepEqual(budgets.sort(), running.map(nameOf).sort());
  });

  it('hold no secret, and take the master key from one', () => {
    assert.deepEqual(ofKind('Secret'), []);
    for (const service of SERVICES) {
      const secret = withKey(read(`infra/kubernetes/${service}.yaml`), 'secretName')[0];
      assert.equal(secret?.['secretName'], 'threadline-keys');
    }
  });

  it('are what kubectl makes of them', (context) => {
    const { error, status, stdout, stderr } = spawnSync(
      'kubectl',
      ['kustomize', join(ROOT, 'infra/kubernetes')],
      { encoding: 'utf8' },
    );
    if (error !== undefined) {
      context.skip('kubectl is not installed');
      return;
    }
    assert.equal(status, 0, stderr);
    assert.equal(documents(stdout).length, objects.length - 1);
    assert.deepEqual(unpinned(imagesIn(stdout)), []);
  });
});

describe('the dashboard and the alerts', () => {
  const dashboard: unknown = JSON.parse(read('infra/grafana/threadline.json'));
  const alerts = withKey(read('infra/prometheus/alerts.yml'), 'alert') as { alert: string; expr: string }[];

  it('ask for nothing that /metrics does not have', async () => {
    const { text } = await new Metrics({ process: true }).render();
    const node = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
    const made = metricsMade();
    for (const asked of [metricsAsked(dashboard), metricsIn(alerts.map(({ expr }) => expr))]) {
      assert.ok(asked.length >= 6);
      assert.deepEqual(
        asked.filter((name) => !made.has(name) && !node.has(name)),
        [],
      );
    }
    assert.equal(made.has('threadline_no_such_thing'), false);
  });

  it('show what an operator of a cluster asks first', () => {
    const asked = metricsAsked(dashboard);
    for (const name of [
      ...['ingest_lag_events', 'ingest_dead_letters_written', 'parked_interactions', 'projector_active'],
      ...['log_position', 'projection_published_position', 'projection_position'],
    ])
      assert.ok(asked.includes(`threadline_${name}`), name);
    const queries = JSON.stringify(dashboard);
    for (const refusals of ['status=~\\"4..\\"', 'status=~\\"429|503|504\\"'])
      assert.ok(queries.includes(refusals), refusals);
  });

  it('have panels and alerts that can be told apart, and alerts that are loaded', () => {
    const { panels } = dashboard as { panels: { id: number; gridPos: Record<string, number> }[] };
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(panels.map(({ gridPos }) => `${gridPos['x']} ${gridPos['y']}`)).size, panels.length);
    assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
    assert.match(read('infra/prometheus/prometheus.yml'), /^rule_files: \[alerts\.yml\]$/m);
    assert.match(read('infra/compose/cluster.yml'), /prometheus\/alerts\.yml:\/etc\/prometheus\/alerts\.yml/);
  });

  it('are taken by Prometheus, and raised when they should be', (context) => {
    const folder = join(ROOT, 'infra/prometheus');
    const said = ['check config prometheus.yml', 'test rules alerts.test.yml'].map((words) =>
      spawnSync('promtool', words.split(' '), { cwd: folder, encoding: 'utf8' }),
    );
    if (said.some(({ error }) => error !== undefined)) {
      context.skip('promtool is not installed (Debian: prometheus)');
      return;
    }
    for (const { status, stdout, stderr } of said) assert.equal(status, 0, stdout + stderr);
    const tested = withKey(read('infra/prometheus/alerts.test.yml'), 'alertname');
    for (const { alert } of alerts)
      assert.ok(
        tested.some(({ alertname }) => alertname === alert),
        alert,
      );
  });

  it('is scraped of every service', () => {
    const jobs = withKey(read('infra/prometheus/prometheus.yml'), 'job_name').map((job) => job['job_name']);
    assert.deepEqual(jobs, [...SERVICES]);
  });
});

describe('the health check of the image', () => {
  async function exitCode(port: number): Promise<number | null> {
    const child = spawn(process.execPath, [join(ROOT, 'infra/docker/healthy.mjs')], {
      env: { THREADLINE_PORT: String(port) },
    });
    return new Promise((resolve) => child.once('exit', resolve));
  }

  it('is well where the process says so, and only there', async () => {
    let alive = true;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/health/live' && alive ? 200 : 503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      assert.equal(await exitCode(port), 0);
      alive = false;
      assert.equal(await exitCode(port), 1);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    assert.equal(await exitCode(port), 1);
  });
});
