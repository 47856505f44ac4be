import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { eventsOf, importsOf } from '../imports-of.js';
import type { Imported } from '../imported.js';
import { importCsv } from './csv.js';
import { importJsonl } from './jsonl.js';
import { compileMapping, MappingError } from './mapping.js';

const TILL: JsonObject = {
  source: '/import/tills',
  type: 'purchase.completed',
  id: '{receipt}',
  time: { $from: '{sold}', format: 'DD/MM/YYYY HH:mm', zone: 'Europe/London' },
  group: '{receipt}',
  data: {
    identifiers: [{ kind: 'loyalty', value: '{card}' }],
    purchase: {
      currency: 'GBP',
      total: { $sum: '{amount}', scale: 2 },
      items: {
        $rows: {
          sku: '{sku}',
          quantity: { $from: '{qty}', as: 'number' },
          price: { $divide: ['{amount}', '{qty}'], scale: 2, default: '{amount}' },
        },
      },
    },
  },
  keep: 'till',
};

const csv = (map: Json, text: string | Uint8Array, size?: number): Promise<Imported[]> =>
  importsOf(importCsv(compileMapping(map)), text, {}, size);

const HEADER = 'receipt,sold,card,sku,qty,amount,cashier';

describe('a mapping of receipt lines', () => {
  it('makes one purchase of the lines of a receipt, wherever they lie', async () => {
    const rows = [
      'R1,01/07/2026 10:15,ML-1,coat,1,"1,090.10",Kofi',
      'R2,02/01/2026 09:00,,sock,0,3.50,Ana',
      'R1,01/07/2026 10:15,ML-1,belt,3,10.00,Mia',
    ];
    for (const sorted of [false, true]) {
      const lines = sorted ? [rows[0], rows[2], rows[1]] : rows;
      const map = { ...TILL, group: { by: '{receipt}', sorted } };
      const [r1, r2, ...more] = eventsOf(await csv(map, [HEADER, ...lines].join('\r\n'), 7)).map(
        ({ event }) => event,
      );
      assert.deepEqual(more, []);
      assert.equal(r1?.time, '2026-07-01T09:15:00.000Z');
      assert.equal(r2?.time, '2026-01-02T09:00:00.000Z');
      assert.deepEqual(r1.data, {
        identifiers: [{ kind: 'loyalty', value: 'ML-1' }],
        purchase: {
          currency: 'GBP',
          total: '1100.10',
          items: [
            { sku: 'coat', quantity: 1, price: '1090.10' },
            { sku: 'belt', quantity: 3, price: '3.33' },
          ],
        },
        till: { cashier: ['Kofi', 'Mia'] },
      });
      assert.equal(r2.data?.['identifiers'], undefined);
      assert.deepEqual((r2.data?.['purchase'] as JsonObject)['items'], [
        { sku: 'sock', quantity: 0, price: '3.50' },
      ]);
    }
  });

  it('refuses a row by name, and goes on', async () => {
    const text = `${HEADER}\nR1,1/7/26,ML-1,coat,1,10,K\nR2,01/07/2026 10:15,ML-1,coat,one,10,K\nR3,too,few\n,01/07/2026 10:15,x,x,1,1,x\nR5,01/07/2026 10:15,x,x,1,1,x\n`;
    const found = await csv(TILL, text);
    const told = found.map((one) => [one.item, one.kind === 'refused' ? one.reason : one.event.id]);
    assert.deepEqual(told, [
      ['f:4', 'has 3 fields, and the file has 7 columns'],
      ['f:5', 'has no receipt: it belongs to no group'],
      ['f:2', '/time sold is "1/7/26": not a time as DD/MM/YYYY HH:mm'],
      [
        'f:3',
        '/data/purchase/items/0/quantity qty is "one": not a number; /data/purchase/items/0/price "one" is not a number',
      ],
      ['f:6', 'R5'],
    ]);
  });

  it('refuses a file that lacks its columns, and names them', async () => {
    const [refusal, ...more] = await csv(TILL, 'receipt,sold\nR1,x\n');
    assert.deepEqual(more, []);
    assert.match(refusal?.kind === 'refused' ? refusal.reason : '', /has no column card, amount, sku, qty/);
  });

  it('reads other delimiters and encodings', async () => {
    const map = {
      source: '/s',
      type: 'note.written',
      id: '{nr}',
      data: { content: { text: '{wörter}' } },
      csv: { delimiter: ';', encoding: 'latin1' },
    };
    const [event] = eventsOf(await csv(map, Buffer.from('nr;wörter\n1;"Grüße; an\nalle"\n', 'latin1'), 3));
    assert.deepEqual(event?.event.data, { content: { text: 'Grüße; an\nalle' } });
  });
});

describe('a mapping of dialogues', () => {
  const CHAT: JsonObject = {
    source: '/import/chat',
    each: 'messages',
    type: 'chat.message',
    id: '{id}/{@index}',
    time: { $from: '{start}', plus: '{@index}' },
    data: {
      conversation: '{id}',
      direction: { $from: '{@item.role}', values: { usr: 'inbound', sys: 'outbound' } },
      content: { text: '{@item.content}' },
    },
  };

  it('makes an event of each message', async () => {
    const text = JSON.stringify({
      id: 7,
      start: '2026-03-02T10:00:00Z',
      messages: [
        { role: 'usr', content: '你好' },
        { role: 'sys', content: '您好' },
      ],
    });
    const found = eventsOf(await importsOf(importJsonl(compileMapping(CHAT)), text)).map(
      ({ event }) => event,
    );
    assert.deepEqual(
      found.map(({ id, time }) => [id, time]),
      [
        ['7/1', '2026-03-02T10:00:01.000Z'],
        ['7/2', '2026-03-02T10:00:02.000Z'],
      ],
    );
    assert.deepEqual(found[1]?.data, { conversation: 7, direction: 'outbound', content: { text: '您好' } });
  });

  it('refuses what it has no word for, and a dialogue without messages', async () => {
    const lines = ['{"id":1,"start":"2026-03-02","messages":[{"role":"bot"}]}', '{"id":2}', '7'];
    const found = await importsOf(importJsonl(compileMapping(CHAT)), lines.join('\n'));
    assert.deepEqual(
      found.map(({ kind, item }) => [kind, item]),
      [
        ['refused', 'f:1/messages/0'],
        ['refused', 'f:2'],
        ['refused', 'f:3'],
      ],
    );
  });

  it('shows a row to every rule that applies', async () => {
    const rule = (type: string, kind: Json): JsonObject => ({
      source: '/s',
      type,
      id: `{id}/${type}`,
      when: { '{kind}': kind },
    });
    const map = { events: [rule('a.b', ['x', 'y']), rule('c.d', { not: 'x' }), rule('e.f', null)] };
    const found = await importsOf(
      importJsonl(compileMapping(map)),
      '{"id":1,"kind":"x"}\n{"id":2,"kind":"y"}\n{"id":3}',
    );
    assert.deepEqual(
      found.map((one) => one.kind === 'event' && one.event.id),
      ['1/a.b', '2/a.b', '2/c.d', '3/c.d', '3/e.f'],
    );
  });
});

describe('a mapping that is wrong', () => {
  it('has every mistake named', () => {
    const wrong = {
      idd: 1,
      type: 'x.y',
      time: { $from: '{a', as: 'tme', zone: 'Mars/Base' },
      each: '',
      csv: { delimiter: ';;', encoding: 'ebcdic-9' },
      data: { a: { $sm: 1 }, b: { $from: '{@foo}', colour: 1 }, c: { $divide: ['{a}'], scale: -1 } },
    };
    assert.throws(
      () => compileMapping(wrong),
      (error: unknown) => {
        assert.ok(error instanceof MappingError);
        const paths = error.problems.map(({ path }) => path);
        const expected = [
          '/idd',
          '/id',
          '/source',
          '/time/$from',
          '/time/as',
          '/time/zone',
          '/each',
          '/csv/delimiter',
        ];
        expected.push(
          '/csv/encoding',
          '/data/a/$sm',
          '/data/b/$from',
          '/data/b/colour',
          '/data/c/$divide',
          '/data/c/scale',
        );
        for (const path of expected) assert.ok(paths.includes(path), path);
        return true;
      },
    );
  });

  it('never makes anything else than a mapping or named mistakes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (data, other) => {
        try {
          compileMapping({ source: '/s', type: 'a.b', id: '{x}', data, when: other, time: other } as Json);
        } catch (error) {
          assert.ok(error instanceof MappingError && error.problems.length > 0);
        }
      }),
    );
  });
});
