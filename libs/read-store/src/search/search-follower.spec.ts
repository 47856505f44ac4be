import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Vault } from '@threadline/vault/vault';
import { ProjectedLog } from '../projected-log.js';
import { SearchFollower, type SearchFollowerOptions } from './search-follower.js';

describe('the search index of a process that reads', () => {
  let log: ProjectedLog;
  let folder: string;
  let search: SearchFollower;
  const open = (more: Partial<SearchFollowerOptions> = {}): SearchFollower =>
    SearchFollower.open({
      ...{ folder, log: log.store, vault: log.vault },
      failed: (error) => assert.fail(String(error)),
      ...more,
    });
  const found = (word: string): number[] => search.words.events(`"${word}"`, Number.MAX_SAFE_INTEGER, 10);

  beforeEach(async () => {
    log = await ProjectedLog.open();
    folder = mkdtempSync(join(tmpdir(), 'threadline-search-'));
    search = open();
  });

  afterEach(async () => {
    await search.close();
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const coat = { at: 1, who: ['email:ana@example.org Ana'], data: { content: { text: 'a torn coat' } } };

  it('is fed from the log, and goes on where it was', async () => {
    await log.tell({ ...coat, id: '1' });
    const told: number[] = [];
    await search.advance((position) => told.push(position));
    assert.deepEqual(found('coat'), [1]);
    await search.close();
    await log.tell({ ...coat, id: '2' });
    search = open();
    assert.equal(search.position, 1);
    await search.advance((position) => told.push(position));
    await search.advance(() => assert.fail('there is no more'));
    assert.deepEqual(told, [1, 2]);
    assert.deepEqual(found('coat'), [2, 1]);
    assert.deepEqual(
      [...search.words.named()].map(({ names }) => names),
      [['Ana']],
    );
  });

  it('takes in what it could not, although nothing more comes', async () => {
    await log.tell({ ...coat, id: '1' });
    await search.close();
    const failures: unknown[] = [];
    const vault: Vault = Object.create(log.vault, {
      keys: {
        value: (handles: Iterable<number>) =>
          failures.length < 2 ? Promise.reject(new Error('out of reach')) : log.vault.keys(handles),
      },
    }) as Vault;
    search = open({ vault, failed: (error) => failures.push(error) });
    await search.advance(() => undefined);
    assert.equal(failures.length, 2);
    assert.deepEqual(found('coat'), [1]);
  });

  it('begins anew where the log is shorter than what it knows', async () => {
    await log.tell({ ...coat, id: '1' });
    await search.advance(() => undefined);
    await search.close();
    const other = log;
    log = await ProjectedLog.open();
    await other.close();
    search = open();
    assert.equal(search.position, 0);
    assert.deepEqual(found('coat'), []);
  });
});
