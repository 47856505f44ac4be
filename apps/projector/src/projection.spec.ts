import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '@threadline/platform/logger';
import { MASTER_KEY, ProjectedLog } from '@threadline/read-store/projected-log';
import { rebuildModels } from '@threadline/read-store/rebuild/rebuild';
import { Projection } from './projection.js';

let log: ProjectedLog;
let projection: Projection;
let told: number[];

beforeEach(async () => {
  log = await ProjectedLog.open();
  told = [];
  projection = new Projection(
    log.projector,
    (position) => void told.push(position),
    createLogger({ level: 'fatal', part: 'spec' }),
  );
});
afterEach(() => log.close());

const write = async (id: string): Promise<void> => {
  const event = { id, who: ['user:u1'] };
  await log.append(event, Buffer.from(JSON.stringify(await log.sealed(event))));
};

describe('the projection', () => {
  it('runs to the head of the log, however often it is woken', async () => {
    await write('1');
    await write('2');
    await Promise.all([projection.advance(), projection.advance(), projection.advance()]);
    assert.equal(log.projector.checkpoint, 2);
    assert.deepEqual(told, [2]);
    await projection.advance();
    assert.deepEqual(told, [2], 'nothing new, nothing told');
  });

  it('does one thing at a time: a rebuild is taken over between two batches', async () => {
    await write('1');
    await projection.advance();
    const files = await rebuildModels({ folder: log.folder, masterKey: MASTER_KEY, upTo: 1 });
    await write('2');
    await Promise.all([projection.advance(), projection.adopt(files), projection.advance()]);
    log.reads.refresh();
    const card = await log.reads.cardByIdentifier('user', 'u1', {});
    assert.deepEqual(card?.counts, { chat: 2 });
  });

  it('tells that an interaction is not parked', async () => {
    assert.equal(await projection.redrive('0'.repeat(32)), undefined);
  });
});
