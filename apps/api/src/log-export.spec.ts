import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { EventOpener } from './event-opener.js';
import { exportLog } from './log-export.js';
import type { LogQuery } from './plain-queries.js';

describe('the log as text', () => {
  let folder: string;
  let log: SqliteEventStore;
  let vault: SqliteVault;

  /** What cannot be read is exported as well: no seal is needed to try the paging. */
  const append = async (from: number, count: number, category = 'interaction'): Promise<void> => {
    const appends = Array.from({ length: count }, (_, i) => ({
      stream: `${category}-${String(from + i).padStart(32, '0')}`,
      expected: 'no-stream' as const,
      events: [
        {
          id: `00000000-0000-8000-8000-${String(from + i).padStart(12, '0')}`,
          type: (from + i) % 2 === 0 ? 'even.one' : 'odd.one',
          data: Buffer.from('{"v":0}'),
        },
      ],
    }));
    await log.append(appends);
  };

  const text = async (query: Partial<LogQuery>, head?: number): Promise<string> => {
    const whole: LogQuery = { after: 0, lines: false, limit: 100, ...query };
    const signal = new AbortController().signal;
    let all = '';
    for await (const piece of exportLog(
      log,
      new EventOpener(vault),
      whole,
      head ?? (await log.head()),
      signal,
    ))
      all += piece;
    return all;
  };
  const page = async (
    query: Partial<LogQuery>,
    head?: number,
  ): Promise<{ positions: number[]; next: string | null }> => {
    const { events, next } = JSON.parse(await text(query, head)) as {
      events: { threadlineposition: string }[];
      next: string | null;
    };
    return { positions: events.map(({ threadlineposition }) => Number(threadlineposition)), next };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-export-'));
    log = await SqliteEventStore.open({ folder });
    vault = await SqliteVault.open({ folder, masterKey: Buffer.alloc(32, 1) });
    await append(1, 300);
    await append(301, 1, 'key');
    await append(302, 2);
  });
  after(async () => {
    await log.close();
    await vault.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells where the next page begins, and null on the last', async () => {
    assert.deepEqual(await page({ limit: 2 }), { positions: [1, 2], next: '2' });
    assert.deepEqual(await page({ limit: 2, after: 299 }), { positions: [300, 302], next: '302' });
    assert.deepEqual(await page({ limit: 2, after: 300 }), { positions: [302, 303], next: null });
    assert.deepEqual(await page({ after: 303 }), { positions: [], next: null });
  });

  it('has no more than was there when it began', async () => {
    assert.deepEqual(await page({ after: 1, limit: 5 }, 3), { positions: [2, 3], next: null });
    assert.deepEqual(await page({ limit: 200 }, 200), {
      positions: Array.from({ length: 200 }, (_, i) => i + 1),
      next: null,
    });
  });

  it('goes through more than a batch', async () => {
    const lines = (await text({ lines: true, limit: 10_000 })).trim().split('\n');
    assert.equal(lines.length, 302);
    assert.equal((await text({ lines: true, limit: 3 })).trim().split('\n').length, 3);
    const { positions, next } = await page({ types: ['even.one'], limit: 150 });
    assert.equal(positions.length, 150);
    assert.equal(next, '300');
  });
});
