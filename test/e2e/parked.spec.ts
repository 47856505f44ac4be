import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';
import { watch } from '../support/watch.js';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';

const note = (id: string, value: string, object = id): Parameters<typeof send>[1][number] => ({
  id,
  type: 'note.written',
  time: '2026-03-01T00:00:00Z',
  data: { object, identifiers: [{ kind: 'email', value }], content: { text: `note ${id}` } },
});

const names = (list: unknown): unknown[] => (list as JsonObject[]).map(({ id }) => id);

describe('an event that the projector cannot use', () => {
  let folder: string;
  let hub: TestHub;
  let interaction: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-parked-'));
    hub = await startHub({ folder });
    const position = await send(hub, [note('1', 'ana@example.org', 'thing')]);
    const card = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`);
    const { entries } = await read(hub, `/v1/customers/${card['id'] as string}/timeline`);
    interaction = (entries as JsonObject[])[0]?.['interaction'] as string;
    await hub.stop();
    const store = await SqliteEventStore.open({ folder });
    const data = Buffer.from(JSON.stringify({ v: 9, source: '/test', odd: true }));
    await store.append([
      {
        stream: `interaction-${interaction}`,
        expected: 0,
        events: [{ id: randomUUID(), type: 'note.written', data }],
      },
    ]);
    await store.close();
    hub = await startHub({ folder });
  });
  after(async () => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is parked, and the rest flows on', async () => {
    const position = await send(hub, [note('2', 'ana@example.org')]);
    const card = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`);
    assert.deepEqual(card['counts'], { note: 2 });
    const { parked } = await read(hub, '/v1/parked');
    const [one] = parked as JsonObject[];
    assert.deepEqual(
      [one?.['interaction'], one?.['position'], one?.['type']],
      [interaction, '2', 'note.written'],
    );
    assert.match(one?.['reason'] as string, /version 9/);
    assert.match(await (await fetch(`${hub.url}/metrics`)).text(), /^threadline_parked_interactions 1$/m);
  });

  it('keeps what comes later in the same interaction waiting', async () => {
    const position = await send(hub, [note('late', 'ana@example.org', 'thing')]);
    const card = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`);
    assert.deepEqual(card['counts'], { note: 2 });
    const { parked } = await read(hub, '/v1/parked');
    assert.deepEqual(
      (parked as JsonObject[]).map(({ events }) => events),
      [2],
    );
  });

  it('stays parked with its reason when it is tried again and nothing has changed', async () => {
    const response = await hub.fetch(`/v1/parked/${interaction}/redrive`, { method: 'POST' });
    const answer = (await response.json()) as JsonObject;
    assert.equal(response.status, 200);
    assert.deepEqual([answer['interaction'], answer['redriven'], answer['parked']], [interaction, 0, true]);
    assert.match(answer['reason'] as string, /version 9/);
  });

  it('is in the log for analysts, as something that cannot be read', async () => {
    const { events } = await read(hub, '/v1/events');
    const [, poison] = events as JsonObject[];
    assert.deepEqual(poison?.['data'], { unreadable: true });
    assert.equal(poison?.['threadlineposition'], '2');
    assert.deepEqual(names(events).toSpliced(1, 1), ['1', '2', 'late']);
  });

  it('does not stop those who watch', async () => {
    const watcher = await watch(hub, '', '0');
    const position = await send(hub, [note('3', 'ana@example.org')]);
    const pushed = await watcher.until((all) => all.some(({ id }) => id === position));
    watcher.close();
    assert.ok(pushed.every(({ id }) => id !== '2'));
    assert.ok(pushed.some(({ data }) => data['customer'] !== null));
  });
});

describe('a customer whose key was destroyed', () => {
  it('is forgotten everywhere, and nothing fails for it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'threadline-forgotten-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    let hub = await startHub({ folder });
    const both = {
      ...note('3', 'bo@example.org'),
      data: {
        identifiers: [
          { kind: 'email', value: 'bo@example.org' },
          { kind: 'email', value: 'ana@example.org' },
        ],
      },
    };
    await send(hub, [note('1', 'ana@example.org'), note('2', 'bo@example.org'), both]);
    await send(hub, [
      {
        id: '4',
        type: 'purchase.completed',
        data: {
          store: 's',
          identifiers: [{ kind: 'email', value: 'ana@example.org' }],
          purchase: { order: 'secret', currency: 'EUR', total: '5.00' },
        },
      },
    ]);
    const ana = (await read(hub, '/v1/customers/by/email/ana@example.org?minPosition=4&knownAt=1'))[
      'id'
    ] as string;
    await hub.stop();
    const vault = await SqliteVault.open({
      folder,
      masterKey: loadMasterKey({ folder, masterKey: undefined, masterKeyFile: undefined }),
    });
    const [handle] = await vault.find([ana]);
    assert.ok(handle !== undefined && (await vault.destroy(handle)));
    await vault.close();

    hub = await startHub({ folder });
    const { events } = await read(hub, '/v1/events');
    const texts = (events as JsonObject[]).map((event) => JSON.stringify(event));
    assert.ok(
      texts.every(
        (text) => !text.includes('ana@example.org') && !text.includes('secret') && !text.includes('note 1'),
      ),
    );
    const [first, second, third, fourth] = events as JsonObject[];
    assert.deepEqual(first?.['data'], { forgotten: true, channel: 'note' });
    assert.equal(first?.['id'], first?.['threadlineevent']);
    assert.equal(second?.['id'], '2');
    assert.deepEqual((third?.['data'] as JsonObject)['identifiers'], [
      { kind: 'email', value: 'bo@example.org' },
      { kind: 'email', strength: 'claimed', forgotten: true },
    ]);
    assert.deepEqual((fourth?.['data'] as JsonObject)['purchase'], { currency: 'EUR', total: '5.00' });
    await read(hub, `/v1/customers/${ana}`, 404);
    await read(hub, '/v1/customers/by/email/ana@example.org', 404);
    const bo = await read(hub, '/v1/customers/by/email/bo@example.org');
    assert.ok(!JSON.stringify(bo).includes('ana@'));
    const { entries } = await read(hub, `/v1/customers/${bo['id'] as string}/timeline`);
    assert.equal((entries as JsonObject[]).filter(({ forgotten }) => forgotten === true).length, 2);
    const watcher = await watch(hub, '', '0');
    await watcher.until((all) => all.some(({ id }) => id === '4'));
    watcher.close();
    await hub.stop();
  });
});
