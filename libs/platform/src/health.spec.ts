import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ThreadlineError } from './errors.js';
import { Health } from './health.js';

describe('health', () => {
  it('is ready while every check holds, and tells which does not and why', async () => {
    const health = new Health();
    health.addLive('process', () => undefined);
    let full = false;
    health.addReady('log', async () => {
      if (full) throw new ThreadlineError('the disk is full', { code: 'disk-full', retriable: true });
    });
    assert.deepEqual(await health.ready(), {
      status: 200,
      body: { status: 'ok', checks: { process: { status: 'ok' }, log: { status: 'ok' } } },
    });
    full = true;
    assert.deepEqual(await health.ready(), {
      status: 503,
      body: {
        status: 'failing',
        checks: { process: { status: 'ok' }, log: { status: 'failing', reason: 'the disk is full' } },
      },
    });
    assert.equal((await health.live()).status, 200, 'alive all the same');
    full = false;
    assert.equal((await health.ready()).status, 200, 'heals itself');
  });

  it('quotes no foreign error, and waits for no check for ever', async () => {
    const health = new Health(20);
    health.addReady('store', () => {
      throw new Error('row of ana@example.org');
    });
    health.addReady('worker', () => new Promise(() => undefined));
    const { body } = await health.ready();
    assert.deepEqual(body.checks, {
      store: { status: 'failing', reason: 'failed' },
      worker: { status: 'failing', reason: 'no answer within 20 ms' },
    });
  });

  it('is not ready, but alive, while it stops', async () => {
    const health = new Health();
    health.stopping();
    assert.equal((await health.ready()).status, 503);
    assert.equal((await health.ready()).body.checks['running']?.reason, 'the hub is stopping');
    assert.equal((await health.live()).status, 200);
  });
});
