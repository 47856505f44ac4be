import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import { REDIS_TWINS } from '../support/redis-breakages.js';
import * as healthy from '../support/redis-reads.js';
import { withRedis } from '../support/redis-servers.js';

/** Histories a property; `THREADLINE_RUNS` raises it. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 6);
const WITHOUT_DISK = ['--appendonly', 'no'];

withRedis('read models in a Redis', 'single', WITHOUT_DISK, (servers) => {
  const url = (): string => servers().url;
  it('answer as the embedded ones do', () => healthy.sameAnswers(RUNS, url()));
  it('are not changed by writes that come late', () => healthy.lateWrites(RUNS, url()));
  it('never show half of a batch', () => healthy.noHalves(RUNS, url()));
  it('say so when keys were lost, and are filled again', () => healthy.lostKeys(RUNS, url()));
  it('are gone on with after a projector was killed', () => healthy.goesOn(RUNS, url()));
  it('are right after a batch was cut off', () => healthy.cutOff(RUNS, url()));
  it('are written by one projector only', () => healthy.fenced(url()));

  describe('broken on purpose', () => {
    for (const { property, name, breakages } of REDIS_TWINS) {
      it(`${property} notices that ${name}`, async () => {
        const module = import.meta.resolve('../support/redis-reads.js');
        const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, module, breakages);
        await assert.rejects(() => build[property](TWIN_RUNS, url()), isFinding);
      });
    }
  });
});

withRedis('read models in a Redis Cluster', 'cluster', WITHOUT_DISK, (servers) => {
  const url = (): string => servers().url;
  const some = Math.ceil(RUNS / 3);
  it('answer as the embedded ones do', () => healthy.sameAnswers(some, url()));
  it('never show half of a batch', () => healthy.noHalves(some, url()));
  it('say so when keys were lost, and are filled again', () => healthy.lostKeys(some, url()));
});
