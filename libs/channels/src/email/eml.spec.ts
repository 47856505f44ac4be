import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { ImportedEvent } from '../imported.js';
import { eventsOf, importsOf } from '../imports-of.js';
import { importEml } from './eml.js';

/** One mail of these header lines and this body. */
const mail = (header: readonly string[], body = 'Hello\r\n'): string =>
  `${header.join('\r\n')}\r\n\r\n${body}`;

const ANA = [
  'From: Ana Ruiz <Ana@Example.org>',
  'To: care@maison.example, Kofi <kofi@maison.example>',
  'Cc: Bea <bea@example.net>',
  'Subject: =?utf-8?Q?My_coat_=E2=80=93_again?=',
  'Date: Mon, 2 Mar 2026 10:15:00 +0100',
  'Message-ID: <m1@example.org>',
];

async function one(text: string | Uint8Array): Promise<ImportedEvent> {
  const [event, ...more] = eventsOf(await importsOf(importEml, text));
  assert.ok(event);
  assert.deepEqual(more, []);
  return event;
}

const dataOf = async (text: string): Promise<JsonObject> => (await one(text)).event.data ?? {};

describe('a mail', () => {
  it('came in from a customer', async () => {
    const { event, notes } = await one(mail(ANA));
    assert.equal(event.type, 'email.received');
    assert.equal(event.time, '2026-03-02T09:15:00.000Z');
    assert.deepEqual(notes, []);
    const { identifiers, participants, direction, object, conversation, content } = event.data ?? {};
    assert.deepEqual(identifiers, [{ kind: 'email', value: 'Ana@Example.org', name: 'Ana Ruiz' }]);
    assert.deepEqual(
      (participants as JsonObject[]).map(({ value, role }) => [value, role]),
      [
        ['care@maison.example', 'to'],
        ['kofi@maison.example', 'to'],
        ['bea@example.net', 'cc'],
      ],
    );
    assert.deepEqual([direction, object, conversation], ['inbound', '<m1@example.org>', '<m1@example.org>']);
    assert.deepEqual(content, { subject: 'My coat – again', text: 'Hello\n' });
    assert.match(event.id, /^<m1@example\.org>\/[0-9a-f]{16}$/);
  });

  it('went out from one of our addresses: the first reader who is not ours is the customer', async () => {
    const header = ['From: care@maison.example', 'To: kofi@maison.example, ana@example.org, bea@example.net'];
    const { event } = await one(mail(header));
    assert.equal(event.type, 'email.sent');
    assert.deepEqual(event.data?.['identifiers'], [{ kind: 'email', value: 'ana@example.org' }]);
    assert.equal(event.data?.['direction'], 'outbound');
  });

  it('stayed among us', async () => {
    const data = await dataOf(mail(['From: care@maison.example', 'To: kofi@maison.example']));
    assert.deepEqual([data['direction'], data['identifiers']], ['internal', undefined]);
  });

  it('belongs to the thread of its first reference, else of what it answers', async () => {
    const both = ['References: <a@x>\r\n <b@x>', 'In-Reply-To: <b@x>'];
    assert.equal((await dataOf(mail([...ANA, ...both])))['conversation'], '<a@x>');
    assert.equal((await dataOf(mail([...ANA, 'In-Reply-To: <b@x>'])))['conversation'], '<b@x>');
  });

  it('tells its attachments, and not their bytes', async () => {
    const body = [
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>See <b>below</b></p>',
      '--b',
      'Content-Type: application/pdf; name="bill.pdf"',
      'Content-Disposition: attachment; filename="bill.pdf"',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('%PDF').toString('base64'),
      '--b--',
      '',
    ].join('\r\n');
    const { event, attachmentBytes } = await one(
      mail([...ANA, 'Content-Type: multipart/mixed; boundary=b'], body),
    );
    const sha256 = createHash('sha256').update('%PDF').digest('hex');
    const { text, html, attachments } = event.data?.['content'] as JsonObject;
    assert.deepEqual([text, html], ['See below', '<p>See <b>below</b></p>\n']);
    assert.deepEqual(attachments, [{ name: 'bill.pdf', mediaType: 'application/pdf', size: 4, sha256 }]);
    assert.equal(attachmentBytes, 4);
  });

  it('takes its time from the last server where its Date cannot be right, else goes without', async () => {
    const rest = ANA.filter((line) => !line.startsWith('Date'));
    const received = 'Received: from a by b; Mon, 2 Mar 2026 11:00:00 +0000 (UTC)';
    for (const date of [
      [],
      ['Date: tomorrow'],
      ['Date: Thu, 1 Jan 1970 00:00:00 +0000'],
      ['Date: 2 Mar 3026 10:00 +0000'],
    ]) {
      const { event, notes } = await one(mail([received, ...rest, ...date]));
      assert.equal(event.time, '2026-03-02T11:00:00.000Z');
      assert.equal(notes.length, 1);
    }
    const { event, notes } = await one(mail(rest));
    assert.equal(event.time, undefined);
    assert.match(notes.join(), /without its original time/);
  });

  it('without a Message-ID is named by what was written', async () => {
    const rest = ANA.filter((line) => !line.startsWith('Message-ID'));
    const data = await dataOf(mail(rest));
    assert.match(data['object'] as string, /^sha256:[0-9a-f]{64}$/);
    assert.equal((await dataOf(mail(['Received: from elsewhere', ...rest])))['object'], data['object']);
    assert.notEqual((await dataOf(mail(rest, 'Other')))['object'], data['object']);
  });

  it('with the Message-ID of another is a version of one thing, and not lost', async () => {
    const [a, b] = [await one(mail(ANA, 'One')), await one(mail(ANA, 'Two'))];
    assert.equal(a.event.data?.['object'], b.event.data?.['object']);
    assert.notEqual(a.event.id, b.event.id);
  });

  it('that is too large for an event loses its HTML first, then the end of its text', async () => {
    const { event, notes } = await one(
      mail([...ANA, 'Content-Type: text/html'], `<p>${'word '.repeat(400_000)}</p>`),
    );
    assert.ok(Buffer.byteLength(JSON.stringify(event)) < 1_048_576);
    assert.equal(notes.length, 2);
    assert.ok(event.data?.['truncated']);
  });

  it('that is none is refused', async () => {
    for (const text of ['', 'Copyright (c) 2009\n\nPermission is hereby granted', '\0\0\0']) {
      const [refusal] = await importsOf(importEml, text === '' ? '\n' : text);
      assert.equal(refusal?.kind, 'refused');
    }
  });
});

describe('a mail that a machine wrote', () => {
  const report = (status: readonly string[]): string =>
    mail(
      [
        'Return-Path: <>',
        'From: Mail Delivery System <MAILER-DAEMON@mx.example>',
        'To: care@maison.example',
        'Subject: Undelivered Mail Returned to Sender',
        'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
        'Date: Mon, 2 Mar 2026 10:15:00 +0000',
      ],
      [
        ...['--b', 'Content-Type: text/plain', '', 'I am sorry.', '--b'],
        ...[
          'Content-Type: message/delivery-status',
          '',
          'Reporting-MTA: dns; mx.example',
          '',
          ...status,
          '',
          '--b',
        ],
        ...['Content-Type: message/rfc822', '', 'From: care@maison.example', 'To: alias@example.org'],
        ...[
          'Message-ID: <sent@maison.example>',
          'References: <first@example.org>',
          '',
          'Dear Tom',
          '--b--',
          '',
        ],
      ].join('\r\n'),
    );

  it('bounced: the customer is whom it did not reach, the thread that of the mail that came back', async () => {
    const failed = ['Final-Recipient: rfc822; tom@example.org', 'Action: failed', 'Status: 5.1.1'];
    const { event } = await one(report(failed));
    assert.equal(event.type, 'email.bounced');
    assert.deepEqual(event.data?.['identifiers'], [{ kind: 'email', value: 'tom@example.org' }]);
    assert.equal(event.data?.['conversation'], '<first@example.org>');
    assert.deepEqual(event.data?.['bounce'], { action: 'failed', status: '5.1.1' });
    const original = await one(report(['Original-Recipient: rfc822;alias@example.org', ...failed]));
    assert.deepEqual(original.event.data?.['identifiers'], [{ kind: 'email', value: 'alias@example.org' }]);
  });

  it('reports good news: nothing bounced', async () => {
    const { event } = await one(
      report(['Final-Recipient: rfc822; tom@example.org', 'Action: delivered', 'Status: 2.0.0']),
    );
    assert.equal(event.type, 'email.received');
    assert.equal(event.data?.['auto'], 'delivery-report');
  });

  it('bounced in plain words', async () => {
    const header = [
      'Return-Path: <>',
      'From: postmaster@mx.example',
      'To: care@maison.example',
      'Subject: failure notice',
    ];
    const { event } = await one(mail(header, '<tom@example.org>:\r\nUser unknown\r\n'));
    assert.equal(event.type, 'email.bounced');
    assert.deepEqual(event.data?.['identifiers'], [{ kind: 'email', value: 'tom@example.org' }]);
  });

  it('answers by itself, which is no bounce', async () => {
    const { event } = await one(mail([...ANA, 'Return-Path: <>', 'Auto-Submitted: auto-replied']));
    assert.equal(event.type, 'email.received');
    assert.equal(event.data?.['auto'], 'auto-replied');
  });
});

describe('importing a mail again', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9 äß漢]{1,30}$/);
  const anyMail = fc
    .record({
      subject: word,
      body: fc.array(word, { minLength: 1 }),
      id: fc.option(fc.stringMatching(/^[a-z0-9]{1,9}$/)),
    })
    .map(({ subject, body, id }) => ({
      header: [
        ...ANA.slice(0, 3),
        `Subject: ${subject}`,
        ...(id === null ? [] : [`Message-ID: <${id}@x.example>`]),
      ],
      body,
    }));
  const same = (text: (header: string[], body: string[]) => string): Promise<void> =>
    fc.assert(
      fc.asyncProperty(anyMail, async ({ header, body }) => {
        const first = await one(mail(header, body.join('\r\n')));
        assert.deepEqual((await one(text(header, body))).event, first.event);
      }),
      { numRuns: 50 },
    );

  it('makes the same event, whatever servers and line ends it went through', () =>
    same((header, body) =>
      mail(['Received: from a by b; not a date', ...header], body.join('\r\n')).replaceAll('\r', ''),
    ));

  it('is noticed by that test where the text changed (sabotage)', () =>
    assert.rejects(same((header, body) => mail(header, [...body, 'x'].join('\r\n')))));
});
