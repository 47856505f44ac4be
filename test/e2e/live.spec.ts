import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';
import { watch, type Pushed } from '../support/watch.js';

const email = (value: string): JsonObject => ({ kind: 'email', value });
let sent = 0;
const id = (): string => `live-${++sent}`;

const names = (pushed: readonly Pushed[]): string[] => pushed.map(({ event }) => event);

describe('live push', () => {
  let hub: TestHub;
  const cardOf = (value: string, position: string): Promise<JsonObject> =>
    read(hub, `/v1/customers/by/email/${value}?minPosition=${position}`);

  before(async () => {
    hub = await startHub();
  });
  after(() => hub.stop());

  it('tells what comes onto timelines, and whose card is another', async () => {
    const watcher = await watch(hub);
    const position = await send(hub, [
      {
        id: id(),
        type: 'email.received',
        time: '2026-03-02T10:15:00Z',
        data: {
          direction: 'inbound',
          store: 'regent-street',
          identifiers: [email('ana@example.org')],
          content: { text: 'a secret' },
        },
      },
    ]);
    const [interaction, changed] = await watcher.until((pushed) => pushed.length >= 2);
    watcher.close();
    const customer = (await cardOf('ana@example.org', position))['id'];
    assert.deepEqual(names(watcher.pushed), ['interaction', 'customer.changed']);
    assert.deepEqual([interaction?.id, changed?.id], [position, position]);
    assert.deepEqual(changed?.data, { id: customer, position });
    const { entries } = await read(hub, `/v1/customers/${customer as string}/timeline`);
    const [entry] = entries as JsonObject[];
    for (const member of [
      'event',
      'source',
      'interaction',
      'type',
      'channel',
      'at',
      'recordedAt',
      'position',
      'direction',
      'store',
    ]) {
      assert.deepEqual(interaction?.data[member], entry?.[member], member);
    }
    assert.equal(interaction?.data['customer'], customer);
    assert.doesNotMatch(JSON.stringify(watcher.pushed), /secret|ana@/);
  });

  it('tells who comes in and who goes', async () => {
    const watcher = await watch(hub, '?store=bond-street');
    const visit = (type: string, store: string): Promise<string> =>
      send(hub, [
        {
          id: id(),
          type,
          data: { store, identifiers: [email('bo@example.org')], visit: { detector: 'qr', zone: 'door' } },
        },
      ]);
    await visit('visit.started', 'bond-street');
    await visit('visit.started', 'elsewhere');
    await visit('visit.ended', 'bond-street');
    const pushed = await watcher.until((all) => all.filter(({ event }) => event === 'visit').length >= 2);
    watcher.close();
    const visits = pushed.filter(({ event }) => event === 'visit');
    assert.deepEqual(
      visits.map(({ data }) => [data['state'], data['store'], data['detector'], data['zone']]),
      [
        ['started', 'bond-street', 'qr', 'door'],
        ['ended', 'bond-street', 'qr', 'door'],
      ],
    );
    assert.ok(pushed.every(({ data }) => data['store'] === undefined || data['store'] === 'bond-street'));
  });

  it('tells of one customer only, by any of its ids, also by those that it comes by later', async () => {
    let position = await send(hub, [
      { id: id(), type: 'note.written', data: { identifiers: [email('old@example.org')] } },
      { id: id(), type: 'note.written', data: { identifiers: [email('other@example.org')] } },
    ]);
    const old = (await cardOf('old@example.org', position))['id'] as string;
    const watcher = await watch(hub, `?customer=${old}`);
    await send(hub, [
      { id: id(), type: 'note.written', data: { identifiers: [email('stranger@example.org')] } },
    ]);
    // Both turn out to be one person: from now on the other's events are this customer's.
    await send(hub, [
      {
        id: id(),
        type: 'note.written',
        time: '2020-01-01T00:00:00Z',
        data: { identifiers: [email('other@example.org'), email('old@example.org')] },
      },
    ]);
    position = await send(hub, [
      { id: id(), type: 'chat.message', data: { identifiers: [email('other@example.org')] } },
    ]);
    const pushed = await watcher.until((all) => all.some(({ data }) => data['type'] === 'chat.message'));
    watcher.close();
    const now = (await cardOf('old@example.org', position))['id'];
    assert.ok(pushed.every(({ data }) => (data['customer'] ?? data['id']) === now));
    assert.equal(pushed.filter(({ event }) => event === 'interaction').length, 2);
  });

  it('goes on after the last id, from the log', async () => {
    const first = await send(hub, [
      { id: id(), type: 'note.written', data: { identifiers: [email('c@example.org')] } },
    ]);
    const missed: string[] = [];
    for (let i = 0; i < 5; i++) {
      missed.push(
        await send(hub, [
          { id: id(), type: 'note.written', data: { identifiers: [email('c@example.org')] } },
        ]),
      );
    }
    const watcher = await watch(hub, '', first);
    await watcher.until((all) => all.length >= 10);
    missed.push(
      await send(hub, [{ id: id(), type: 'note.written', data: { identifiers: [email('c@example.org')] } }]),
    );
    await watcher.until((all) => all.length >= 12);
    watcher.close();
    const ids = watcher.pushed.filter(({ event }) => event === 'interaction').map(({ id: one }) => one);
    assert.deepEqual(ids, missed);
    const whole = await watch(hub, '', '0');
    const all = await whole.until((pushed) => pushed.some(({ id: one }) => one === missed.at(-1)));
    whole.close();
    assert.equal(all[0]?.id, '1');
  });

  it('is silent about what is filled in afterwards', async () => {
    const watcher = await watch(hub);
    await send(
      hub,
      [{ id: id(), type: 'note.written', data: { identifiers: [email('d@example.org')] } }],
      '?mode=backfill',
    );
    await send(hub, [{ id: id(), type: 'note.written', threadlinemode: 'backfill', data: {} }]);
    const seen = await send(hub, [{ id: id(), type: 'note.written', data: {} }]);
    const pushed = await watcher.until((all) => all.length > 0);
    watcher.close();
    assert.deepEqual([...new Set(pushed.map(({ id: one }) => one))], [seen]);
    assert.equal(pushed[0]?.data['customer'], null);
  });

  it('says nothing twice of an event that comes twice', async () => {
    const watcher = await watch(hub);
    const event = { id: id(), type: 'note.written', time: '2026-01-01T00:00:00Z', data: {} };
    await send(hub, [event]);
    await send(hub, [event]);
    const last = await send(hub, [{ id: id(), type: 'note.written', data: {} }]);
    const pushed = await watcher.until((all) => all.some(({ id: one }) => one === last));
    watcher.close();
    assert.equal(pushed.length, 2);
  });

  it('tells both customers when a corrected order goes from one to the other', async () => {
    const order = (value: string, sequence: number): Promise<string> =>
      send(hub, [
        {
          id: id(),
          type: 'purchase.completed',
          source: '/till',
          data: {
            object: 'order-9',
            sequence,
            identifiers: [email(value)],
            purchase: { currency: 'EUR', total: '9.00' },
          },
        },
      ]);
    await cardOf('first@example.org', await order('first@example.org', 1));
    const watcher = await watch(hub);
    const position = await order('second@example.org', 2);
    const pushed = await watcher.until(
      (all) => all.filter(({ event }) => event === 'customer.changed').length >= 2,
    );
    watcher.close();
    const ids = [
      await cardOf('first@example.org', position),
      await cardOf('second@example.org', position),
    ].map((card) => card['id']);
    const changed = pushed.filter(({ event }) => event === 'customer.changed').map(({ data }) => data['id']);
    assert.deepEqual(changed.sort(), ids.sort());
  });

  it('tells many watchers the same, and goes on when one of them reads nothing', async () => {
    const { hostname, port } = new URL(hub.url);
    const sleeper = connect(Number(port), hostname);
    sleeper.pause();
    sleeper.write(
      `GET /v1/live HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\nAuthorization: Bearer ${hub.key}\r\n\r\n`,
    );
    const watchers = await Promise.all(Array.from({ length: 20 }, () => watch(hub)));
    let last = '';
    for (let i = 0; i < 20; i++) {
      last = await send(
        hub,
        Array.from({ length: 50 }, () => ({ id: id(), type: 'note.written', data: {} })),
      );
    }
    const heard = await Promise.all(watchers.map((one) => one.until((all) => all.at(-1)?.id === last)));
    for (const one of heard) assert.deepEqual(one, heard[0]);
    assert.equal(heard[0]?.length, 1_000);
    for (const one of watchers) one.close();
    sleeper.destroy();
  });

  it('refuses an id that is none', async () => {
    const response = await hub.fetch('/v1/live', { headers: { 'last-event-id': 'yesterday' } });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /Last-Event-ID/);
  });
});
