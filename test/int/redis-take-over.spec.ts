import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { one } from '../support/breakages.js';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import { withRedis } from '../support/redis-servers.js';
import * as healthy from '../support/redis-take-over.js';

/** Histories; `THREADLINE_RUNS` raises it. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 4);
const WITHOUT_DISK = ['--appendonly', 'no'];

const PUBLISHER = 'libs/read-store/dist/redis/redis-publisher.js';
const TOUCHED = 'libs/read-store/dist/redis/touched-rows.js';
const SCRIPTS = 'libs/read-store/dist/redis/scripts.js';

const TWINS = [
  one(
    'continues',
    'whoever takes over publishes only what comes from then on',
    [TOUCHED, 'FROM batches WHERE since <= ?', 'FROM batches WHERE since <= ? + 1e15'],
    [PUBLISHER, 'rows.since > live.position', 'false'],
  ),
  one('continues', 'a copy goes on that has not come as far as the other had written', [
    PUBLISHER,
    'Math.max(live.position, reached)',
    'live.position',
  ]),
  one('continues', 'who has lost the lease goes on writing', [
    SCRIPTS,
    'tonumber(known[1]) > token',
    'false',
  ]),
] as const;

withRedis('a projector that takes over', 'single', WITHOUT_DISK, (servers) => {
  const url = (): string => servers().url;
  it('goes on with the build that the other began, wherever that was cut off', () =>
    healthy.continues(RUNS, url()));

  describe('broken on purpose', () => {
    for (const { property, name, breakages } of TWINS) {
      it(`${property} notices that ${name}`, async () => {
        const module = import.meta.resolve('../support/redis-take-over.js');
        const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, module, breakages);
        await assert.rejects(() => build[property](TWIN_RUNS, url()), isFinding);
      });
    }
  });
});

withRedis('a projector that takes over in a Redis Cluster', 'cluster', WITHOUT_DISK, (servers) => {
  it('goes on with the build that the other began', () =>
    healthy.continues(Math.ceil(RUNS / 3), servers().url));
});
