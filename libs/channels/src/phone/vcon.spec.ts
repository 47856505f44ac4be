import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { eventsOf, importsOf } from '../imports-of.js';
import { importVcon } from './vcon.js';

const UUID = '0195d89e-7cc5-85d9-9dd8-dd37220d739c';
const AGENT = { tel: '+442079460000', name: 'Kofi' };
const ANA = { tel: 'tel:+34600111222', mailto: 'ana@example.org', name: 'Ana Ruiz', role: 'customer' };

const vcon = (more: JsonObject): JsonObject => ({
  vcon: '0.4.0',
  uuid: UUID,
  created_at: '2026-03-02T10:00:00Z',
  parties: [AGENT, ANA],
  ...more,
});

const events = async (json: Json): Promise<[string, JsonObject][]> =>
  eventsOf(await importsOf(importVcon, JSON.stringify(json))).map(({ event }) => [
    event.type,
    { ...event, ...event.data },
  ]);

const RECORDING: JsonObject = {
  type: 'recording',
  start: '2026-03-02T10:00:00+01:00',
  duration: 61.5,
  parties: [1, 0],
  mediatype: 'audio/x-wav',
  url: 'https://example.org/a.wav',
};

describe('a vCon', () => {
  it('of a recorded call: started, ended, transcribed, of the customer', async () => {
    const analysis = [
      { type: 'transcript', dialog: 0, body: { transcript: 'Agent: Hello.\n\nAna: My zip.' } },
      { type: 'summary', dialog: 0, body: 'A zip.' },
    ];
    const [started, ended, transcribed, ...more] = await events(vcon({ dialog: [RECORDING], analysis }));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [started?.[0], ended?.[0], transcribed?.[0]],
      ['call.started', 'call.ended', 'call.transcribed'],
    );
    assert.deepEqual(started?.[1]['identifiers'], [
      { kind: 'phone', value: '+34600111222', name: 'Ana Ruiz' },
      { kind: 'email', value: 'ana@example.org', name: 'Ana Ruiz' },
    ]);
    assert.equal(started[1]['direction'], 'inbound');
    assert.deepEqual(started[1]['staff'], { id: '+442079460000', name: 'Kofi' });
    assert.equal(started[1]['time'], '2026-03-02T09:00:00.000Z');
    assert.equal(ended?.[1]['time'], '2026-03-02T09:01:01.500Z');
    assert.equal((ended?.[1]['call'] as JsonObject)['durationSeconds'], 61.5);
    assert.deepEqual((transcribed?.[1]['call'] as JsonObject)['transcript'], [
      { speaker: 'Agent', text: 'Hello.' },
      { speaker: 'Ana', text: 'My zip.' },
    ]);
    const objects = [started, ended, transcribed].map((event) => event?.[1]['object']);
    assert.deepEqual(new Set(objects), new Set([`${UUID}/0`]));
  });

  it('of a chat: a message each, which way it went told by who wrote it', async () => {
    const text = (party: number, body: string): JsonObject => ({
      ...{ type: 'text', start: '2026-03-02T10:00:00', parties: [party], mimetype: 'text/plain', body },
    });
    const found = await events(vcon({ vcon: '0.0.1', dialog: [text(0, 'Hello'), text(1, 'Hi')] }));
    const told = found.map(([type, { direction, conversation, content }]) => [
      type,
      direction,
      conversation,
      content,
    ]);
    assert.deepEqual(told, [
      ['chat.message', 'outbound', UUID, { text: 'Hello' }],
      ['chat.message', 'inbound', UUID, { text: 'Hi' }],
    ]);
    assert.deepEqual(
      new Set(found.map(([, { identifiers }]) => (identifiers as Json[]).length)),
      new Set([2]),
    );
  });

  it('of people with mail addresses alone, and of a mail as it is: mails', async () => {
    const parties = [{ mailto: 'care@maison.example' }, { mailto: 'ana@example.org' }];
    const dialog = [
      { type: 'text', start: '2026-03-02T10:00:00Z', parties: [1, 0], mediatype: 'text/plain', body: 'Hi' },
      {
        type: 'text',
        start: '2026-03-02T10:00:00Z',
        parties: [1, 0],
        mediatype: 'message/rfc822',
        body: 'From: ana@example.org\nMessage-ID: <m@x>\n\nHi',
      },
    ];
    assert.deepEqual(
      (await events(vcon({ parties, dialog }))).map(([type]) => type),
      ['email.received', 'email.received'],
    );
  });

  it('of a call that nobody answered, and of one that was passed on', async () => {
    const dialog = [
      { type: 'incomplete', start: '2026-03-02T10:00:00Z', parties: [1, 0], disposition: 'no-answer' },
      { type: 'transfer', start: '2026-03-02T10:00:00Z', transferee: 1, transferor: 0 },
    ];
    const found = await events(vcon({ dialog }));
    assert.deepEqual(
      found.map(([type]) => type),
      ['call.ended', 'call.transferred'],
    );
    assert.equal((found[0]?.[1]['call'] as JsonObject)['outcome'], 'no-answer');
  });

  const invalid: Readonly<Record<string, [JsonObject, string]>> = {
    'without a uuid': [{ uuid: null }, '/uuid'],
    'with a bad version': [{ vcon: '' }, '/vcon'],
    'without a date': [{ created_at: '' }, '/created_at'],
    'without parties': [{ parties: null }, '/parties'],
    'whose dialog is no list': [{ dialog: null }, '/dialog'],
    'whose analysis is no list': [{ analysis: 'text' }, '/analysis'],
    'with an unknown party': [{ dialog: [{ ...RECORDING, parties: [0, 9] }] }, '/dialog/0/parties'],
    'with an unknown originator': [{ dialog: [{ ...RECORDING, originator: 7 }] }, '/dialog/0/originator'],
    'with a negative duration': [{ dialog: [{ ...RECORDING, duration: -30 }] }, '/dialog/0/duration'],
    'with a bad media type': [
      { dialog: [{ ...RECORDING, mediatype: 'not a type!' }] },
      '/dialog/0/mediatype',
    ],
    'with a bad URL': [{ dialog: [{ ...RECORDING, url: 'not-a-url' }] }, '/dialog/0/url'],
    'with a bad start': [{ dialog: [{ ...RECORDING, start: 'NOT-A-DATE' }] }, '/dialog/0/start'],
    'with an unknown dialog': [{ dialog: [{ ...RECORDING, type: 'dance' }] }, '/dialog/0/type'],
    'with an analysis of nothing': [{ analysis: [{ type: 'x', dialog: 4 }] }, '/analysis/0/dialog'],
    'in which nothing happened': [{ dialog: [] }, '/dialog'],
  };
  for (const [name, [more, path]] of Object.entries(invalid)) {
    it(`${name} is refused, and it says where`, async () => {
      const [refusal, ...rest] = await importsOf(
        importVcon,
        JSON.stringify(vcon({ dialog: [RECORDING], ...more })),
      );
      assert.deepEqual(rest, []);
      assert.equal(refusal?.kind, 'refused');
      assert.ok(
        refusal.kind === 'refused' && refusal.problems.some((problem) => problem.path === path),
        path,
      );
    });
  }

  it('that is encrypted, or no JSON, is refused; one that is signed is read', async () => {
    for (const text of ['{"ciphertext":"x"}', '[]', 'MIT Licence', '']) {
      assert.deepEqual(
        (await importsOf(importVcon, text === '' ? ' ' : text)).map(({ kind }) => kind),
        ['refused'],
      );
    }
    const payload = Buffer.from(JSON.stringify(vcon({ dialog: [RECORDING] }))).toString('base64url');
    assert.equal((await events({ payload, signatures: [] })).length, 2);
  });
});
