import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics } from './metrics.js';

describe('metrics', () => {
  it('are counted in a registry of their own', async () => {
    const [one, other] = [new Metrics(), new Metrics({ process: true })];
    one.counter('events_total', 'Events taken.', ['answer']).inc({ answer: 'accepted' }, 2);
    other.counter('events_total', 'Events taken.', ['answer']);
    one.gauge('lag', 'Events to go.', [], (gauge) => gauge.set(5));
    one.histogram('append_seconds', 'How long an append takes.').observe(0.004);
    const { text, contentType } = await one.render();
    assert.match(contentType, /^text\/plain/);
    assert.match(text, /^threadline_events_total\{answer="accepted"\} 2$/m);
    assert.match(text, /^threadline_lag 5$/m);
    assert.match(text, /^threadline_append_seconds_bucket\{le="0\.005"\} 1$/m);
    assert.equal(text.includes('process_cpu'), false);
    assert.match((await other.render()).text, /process_cpu_seconds_total/);
  });

  it('of several threads are added up', async () => {
    const threads = [new Metrics(), new Metrics()];
    threads.forEach((metrics, index) => metrics.counter('events_total', 'Events taken.').inc(index + 1));
    const [main, worker] = threads;
    assert.ok(main && worker);
    const snapshot = structuredClone(await worker.snapshot());
    assert.match((await main.render([snapshot])).text, /^threadline_events_total 3$/m);
  });
});
