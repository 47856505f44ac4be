import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DiskRoom } from './disk-room.js';

describe('room on the disk', () => {
  it('is there where a file can be written, and nothing is left of the try', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'threadline-room-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const room = new DiskRoom(folder);
    assert.deepEqual(await Promise.all([room.has(), room.has()]), [true, true]);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is not there where none can be', async () => {
    assert.equal(await new DiskRoom('/dev/null/nothing').has(), false);
  });
});
