import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Intake } from '@threadline/channels/intake';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { openEvent } from '@threadline/vault/sealing';
import type { StoredEvent } from '@threadline/domain/stored-event';
import { EventGroups } from './event-group.js';
import { IngestQueue } from './ingest-queue.js';
import { brief, event, NOW, positionOf, withBench } from './small-ingest.js';

describe('ingest answers', () => {
  it(
    'as the contract’s table says',
    withBench(async ({ post, log }) => {
      assert.deepEqual(brief(await post(event('1'))), [202, 1, 0]);
      assert.deepEqual(brief(await post(event('1'))), [202, 0, 1]);
      assert.deepEqual(brief(await post(event('1', { extra: 1 }))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post(event('', {}))), [400, 0, 0, '0 invalid']);
      assert.deepEqual(brief(await post([])), [400, 0, 0]);
      assert.deepEqual(brief(await post([event('1', { extra: 1 })])), [400, 0, 0, '0 conflict']);
      assert.deepEqual(
        brief(
          await post([event('2'), 5, event('1', { x: 1 }), event('1'), event('2'), event('2', { x: 1 })]),
        ),
        [202, 1, 2, '1 invalid', '2 conflict', '5 conflict'],
      );
      assert.deepEqual(log().length, 2);
    }),
  );

  it(
    'each rejected event with its id and its problems',
    withBench(async ({ post }) => {
      const answer = await post([event('x', { sequence: '1' }), { id: 7 }, event('1')]);
      assert.ok(answer.status === 202);
      assert.deepEqual(
        answer.taken.rejected.map(({ index, id, problems }) => [
          index,
          id,
          problems.map(({ path }) => path).sort(),
        ]),
        [
          [0, 'x', ['/data/sequence']],
          [1, null, ['/id', '/source', '/specversion', '/type']],
        ],
      );
    }),
  );

  it(
    'an event over 1 MiB in a batch by its code, and takes the rest',
    withBench(async ({ post }) => {
      const large = event('large', { text: 'x'.repeat(1_100_000) });
      assert.deepEqual(brief(await post([event('1'), large])), [202, 1, 0, '1 too-large']);
      assert.deepEqual(brief(await post([large])), [400, 0, 0, '0 too-large']);
      assert.deepEqual(brief(await post(large)), [413, 0, 0]);
    }),
  );

  it(
    'with a position at or after every event of the request, duplicates included',
    withBench(async ({ post }) => {
      const first = positionOf(await post([event('1'), event('2')]));
      const later = positionOf(await post([event('3'), event('4'), event('5')]));
      assert.ok(first >= 2 && later >= 5);
      assert.ok(positionOf(await post([event('4')])) >= 4);
      assert.ok(positionOf(await post([event('1'), event('9', { object: '5' })])) >= 6);
    }),
  );

  it(
    'requests that arrive together as if they had come one after the other',
    withBench(async ({ post, log }) => {
      const answers = await Promise.all([
        post(event('1')),
        post(event('1')),
        post(event('1', { x: 1 })),
        post(event('', {})),
        post([event('2'), event('1')]),
      ]);
      assert.deepEqual(answers.map(brief), [
        [202, 1, 0],
        [202, 0, 1],
        [409, 0, 0, '0 conflict'],
        [400, 0, 0, '0 invalid'],
        [202, 1, 1],
      ]);
      assert.equal(log().length, 2);
    }),
  );
});

describe('the same source and id', () => {
  it(
    'with another object is a conflict, wherever the first one lies',
    withBench(async ({ post, log }) => {
      await post(event('1', { object: 'a' }));
      assert.deepEqual(brief(await post(event('1', { object: 'b' }))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post([event('2', { object: 'a' }), event('2', { object: 'b' })])), [
        202,
        1,
        0,
        '1 conflict',
      ]);
      assert.equal(log().length, 2);
    }),
  );

  it(
    'without a time is the same as one that came without; with the time that was given out as well',
    withBench(async ({ post }) => {
      const timeless = { ...event('1') };
      delete timeless['time'];
      assert.deepEqual(brief(await post(timeless)), [202, 1, 0]);
      assert.deepEqual(brief(await post(timeless)), [202, 0, 1]);
      assert.deepEqual(brief(await post({ ...timeless, time: new Date(NOW).toISOString() })), [202, 0, 1]);
      assert.deepEqual(brief(await post({ ...timeless, time: new Date(NOW + 1).toISOString() })), [
        409,
        0,
        0,
        '0 conflict',
      ]);
    }),
  );

  it(
    'with extensions of ours, as a copy from the log has them, is the same',
    withBench(async ({ post }) => {
      await post(event('1'));
      const copy = event(
        '1',
        {},
        { threadlineposition: '1', threadlinerecordedat: '2026-03-02T10:15:00.000Z', threadlineevent: 'e' },
      );
      assert.deepEqual(brief(await post(copy)), [202, 0, 1]);
    }),
  );

  it(
    'in binary mode is the same',
    withBench(async ({ store, vault, post }) => {
      await post(event('1'));
      const queue = new IngestQueue({
        groups: new EventGroups(store, vault),
        intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
        clock: () => NOW,
        unforeseen: () => undefined,
      });
      const { data, time, source, id, type } = event('1') as Record<string, string>;
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': source,
        'ce-type': type,
        'ce-time': time,
      };
      const answer = await queue.submit({
        topic: 'interactions.inbound',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          ...(headers as Record<string, string>),
        },
        body: Buffer.from(JSON.stringify(data)),
      });
      assert.deepEqual(brief(answer), [202, 0, 1]);
    }),
  );
});

describe('what is stored', () => {
  it(
    'opens to the event as it came, under the interaction of its object',
    withBench(async ({ post, log, vault }) => {
      const sent = [
        event('1', {
          object: 'o',
          identifiers: [
            { kind: 'phone', value: '020 7946 0000' },
            { kind: ' EMAIL', value: 'Ana@Example.org' },
          ],
        }),
        event('2', { object: 'o', identifiers: [] }, { type: 'com.example.thing', __proto__ext: 1 }),
      ];
      await post(sent);
      const events = log();
      assert.equal(new Set(events.map(({ stream }) => stream)).size, 1);
      assert.deepEqual(
        events.map(({ revision }) => revision),
        [0, 1],
      );
      const stored = events.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as StoredEvent);
      const ring = await vault.keys(
        stored.flatMap(({ key, parties }) => [key, ...parties.map((party) => party.key)]),
      );
      const opened = events.map(({ id, type }, i) =>
        openEvent(id, type, stored[i] as StoredEvent, ring, (...parts) => vault.hash(...parts)),
      );
      assert.deepEqual(
        opened.map(({ cloudEvent }) => cloudEvent),
        sent,
      );
      assert.deepEqual(opened[0]?.identifiers, [
        { kind: 'phone', value: '+442079460000', strength: 'claimed' },
        { kind: 'email', value: 'ana@example.org', strength: 'claimed' },
      ]);
      for (const { data } of events)
        assert.doesNotMatch(Buffer.from(data).toString('latin1'), /example\.org|7946 0000|442079460000/i);
    }),
  );

  it(
    'keeps decisions and rules in streams of their own, from those alone who may decide',
    withBench(async ({ post, log }) => {
      const parties = [
        { kind: 'email', value: 'ana@example.org' },
        { kind: 'email', value: 'ben@example.org' },
      ];
      const linked = event('1', { parties }, { type: 'identity.linked' });
      delete (linked['data'] as JsonObject)['identifiers'];
      const rules = {
        ...event('2', {}, { type: 'identity.rules.applied' }),
        data: { rules: { name: 'r', version: 1 } },
      };
      const sent = [linked, rules, event('3'), event('4', {}, { type: 'identity.checked' })];
      assert.deepEqual(brief(await post(sent)), [202, 2, 0, '0 invalid', '1 invalid']);
      assert.deepEqual(brief(await post(linked)), [400, 0, 0, '0 invalid']);
      assert.deepEqual(brief(await post(sent, { decides: 'true' })), [202, 2, 2]);
      assert.deepEqual(brief(await post(sent, { decides: 'true' })), [202, 0, 4]);
      assert.deepEqual(
        log().map(({ stream, type }) => [stream.slice(0, stream.indexOf('-')), type]),
        [
          ['interaction', 'chat.message'],
          ['interaction', 'identity.checked'],
          ['identity', 'identity.linked'],
          ['rules', 'identity.rules.applied'],
        ],
      );
      // The name of a decision is taken for everything else too, and the other way round.
      assert.deepEqual(brief(await post(event('1'))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post({ ...linked, id: '3' }, { decides: 'true' })), [
        409,
        0,
        0,
        '0 conflict',
      ]);
      assert.deepEqual(brief(await post([{ ...linked, id: '5' }, event('5')], { decides: 'true' })), [
        202,
        1,
        0,
        '1 conflict',
      ]);
    }),
  );

  it(
    'carries the mode of the request',
    withBench(async ({ post, log }) => {
      await post(event('1'), { mode: 'backfill' });
      await post(event('2', {}, { threadlinemode: 'backfill' }));
      await post(event('3'));
      assert.deepEqual(
        log().map(({ data }) => (JSON.parse(Buffer.from(data).toString()) as StoredEvent).mode),
        ['backfill', 'backfill', undefined],
      );
    }),
  );
});
