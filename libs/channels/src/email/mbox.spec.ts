import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { unpacked } from '../bytes.js';
import { eventsOf, importsOf } from '../imports-of.js';
import { importEml } from './eml.js';
import { importMbox } from './mbox.js';

const ENVELOPE = 'From ana@example.org Mon Mar  2 10:15:00 2026';
const mail = (id: number, body: string): string =>
  `From: ana@example.org\nMessage-ID: <${id}@x>\nSubject: ${id}\n\n${body}\n`;

describe('an mbox', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'From the beginning',
      '>From here',
      'From ana@example.org Mon Mar  2 10:15:00 2026',
      '',
      'Price: 10',
    ),
    fc.stringMatching(/^[a-zA-Z >:]{0,20}$/),
  );
  const bodies = fc.array(
    fc.array(line, { maxLength: 6 }).map((lines) => `Dear,\n${lines.join('\n')}`),
    { minLength: 1, maxLength: 5 },
  );
  const quoted = (body: string): string => body.replace(/^(>*From )/gm, '>$1');
  const holdsAll = (quote: (body: string) => string): Promise<void> =>
    fc.assert(
      fc.asyncProperty(bodies, fc.integer({ min: 1, max: 200 }), async (texts, size) => {
        const file = texts.map((body, id) => `${ENVELOPE}\n${mail(id, quote(body))}\n`).join('');
        const found = eventsOf(await importsOf(importMbox, file, {}, size)).map(({ event }) => event);
        const alone = await Promise.all(texts.map((body, id) => importsOf(importEml, mail(id, body))));
        const expected = alone
          .flatMap(eventsOf)
          .map(({ event }) => ({ ...event, time: '2026-03-02T10:15:00.000Z' }));
        assert.deepEqual(found, expected);
      }),
      { numRuns: 60 },
    );

  it('gives every mail as if it lay alone, whatever its lines begin with and however it is read', () =>
    holdsAll(quoted));

  it('would not, were the quotes not taken off (sabotage)', () =>
    assert.rejects(holdsAll((body) => quoted(quoted(body)))));

  it('is not split by a sentence that begins with From and was not quoted', async () => {
    const file = `${ENVELOPE}\n${mail(1, 'Hello\n\nFrom Monday on we close at ten.\n\nBye')}`;
    assert.equal(eventsOf(await importsOf(importMbox, file)).length, 1);
  });

  it('is refused where it is none', async () => {
    assert.deepEqual(
      (await importsOf(importMbox, 'Subject: hi\n\nhello')).map(({ kind }) => kind),
      ['refused'],
    );
  });

  it('may be packed', async () => {
    const packed = gzipSync(`${ENVELOPE}\n${mail(1, 'x')}`);
    const chunks = [...packed].map((byte) => Uint8Array.of(byte));
    const bytes: Uint8Array[] = [];
    for await (const chunk of unpacked(
      (async function* () {
        yield* chunks;
      })(),
    ))
      bytes.push(chunk);
    assert.equal(eventsOf(await importsOf(importMbox, Buffer.concat(bytes))).length, 1);
  });
});
