import { createHash } from 'node:crypto';
import PostalMime, { type Email } from 'postal-mime';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { gather } from '../bytes.js';
import {
  LARGEST_ITEM,
  refused,
  type Imported,
  type ImportedEvent,
  type Importer,
  type ImportOptions,
  type Refusal,
} from '../imported.js';
import { headersOf, isAddress, mailboxesOf, messageId, repliedTo, timeOf, type Mailbox } from './headers.js';
import { fitted } from './mail-size.js';
import { cleanText, textOfHtml } from './mail-text.js';
import { reportOf, type Bounce, type Report } from './report.js';

/** Message-IDs are unique in the world: one source for all mail, so that no option makes another event of the same mail. */
export const EMAIL_SOURCE = '/import/email';

/** Header fields that make a text a mail. */
const KNOWN = new Set(
  `from to cc date subject message-id received return-path reply-to sender mime-version content-type delivered-to
  in-reply-to references x-original-to envelope-to resent-from`.split(/\s+/),
);

/** One mail, one file. */
export const importEml: Importer = async function* (input, options) {
  const bytes = await gather(input.bytes, LARGEST_ITEM);
  yield bytes === undefined ? tooLarge(input.name) : await importMail(input.name, bytes, options);
};

export const tooLarge = (item: string): Refusal =>
  refused(item, `is larger than ${LARGEST_ITEM / 1024 / 1024} MiB, the most that one mail may take here`);

/** One mail as an event. `envelopeTime` (ms) is what the mbox says of it. Takes what can be taken; throws nothing. */
export async function importMail(
  item: string,
  raw: Uint8Array,
  options: ImportOptions,
  envelopeTime?: number,
): Promise<Imported> {
  const bytes = withoutEnvelope(raw);
  if (bytes.length === 0) return refused(item, 'is empty');
  let email: Email;
  try {
    email = await PostalMime.parse(bytes);
  } catch (error) {
    return refused(item, `is not a mail: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!email.headers.some(({ key }) => KNOWN.has(key))) {
    return refused(
      item,
      'is not a mail: it has none of the header fields of one (From, To, Date, Subject, …)',
    );
  }
  return eventOf(item, withText(email, bytes), fingerprintOf(email, bytes), options, envelopeTime);
}

/** Where the body ends up nowhere (a multipart without its boundaries), it is text. */
function withText(email: Email, bytes: Buffer): Email {
  if (email.text || email.html || email.attachments.length > 0) return email;
  const body = bodyOf(bytes).toString('utf8').trim();
  return body === '' ? email : { ...email, text: `${body}\n` };
}

function bodyOf(bytes: Buffer): Buffer {
  const ends = ['\n\n', '\r\n\r\n'].map((end) => ({ at: bytes.indexOf(end), length: end.length }));
  const first = ends.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0];
  return first === undefined ? bytes.subarray(bytes.length) : bytes.subarray(first.at + first.length);
}

/** Header fields that whoever wrote the mail wrote, and no server on its way. */
const WRITTEN = [
  ...['date', 'from', 'sender', 'reply-to', 'to', 'cc', 'subject', 'in-reply-to', 'references'],
  ...['content-type', 'content-transfer-encoding', 'content-disposition'],
];

/**
 * Names a mail by what was written and not by how it travelled: two copies through other servers, or with other line
 * ends, are one; and it does not change with how well we read mails.
 */
function fingerprintOf(email: Email, bytes: Buffer): string {
  const hash = createHash('sha256');
  for (const name of WRITTEN) {
    hash.update(`${name}:${headersOf(email, name).join(',').replace(/\s+/g, ' ')}\n`);
  }
  return hash.update(bodyOf(bytes).toString('latin1').replace(/\r/g, '').trimEnd(), 'latin1').digest('hex');
}

/** Some folders keep the `From ` line of the mbox, a byte order mark or empty lines before the header. */
function withoutEnvelope(raw: Uint8Array): Buffer {
  let bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
  let from = 0;
  while (bytes[from] === 0x0a || bytes[from] === 0x0d) from++;
  bytes = bytes.subarray(from);
  if (!/^>?From +[^ :]/.test(bytes.subarray(0, 100).toString('latin1'))) return bytes;
  const end = bytes.indexOf(0x0a);
  return end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1);
}

function eventOf(
  item: string,
  email: Email,
  fingerprint: string,
  options: ImportOptions,
  envelopeTime?: number,
): ImportedEvent {
  const notes: string[] = [];
  const report = reportOf(email);
  const { at, note } = timeOf(email, envelopeTime);
  if (note !== undefined) notes.push(note);

  const attachments = email.attachments.map((part) => {
    const bytes = typeof part.content === 'string' ? Buffer.from(part.content) : new Uint8Array(part.content);
    return {
      ...(part.filename ? { name: cleanText(part.filename) } : {}),
      mediaType: cleanText(part.mimeType),
      size: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  });
  const html = email.html === undefined ? undefined : cleanText(email.html);
  const text = cleanText(email.text ?? (html === undefined ? '' : textOfHtml(html)));
  const content: JsonObject = {
    ...(email.subject === undefined ? {} : { subject: cleanText(email.subject) }),
    ...(text === '' ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };

  const named = messageId(email);
  const object = named === undefined ? `sha256:${fingerprint}` : cleanText(named);
  const people = peopleOf(email, report, options);
  if (people.identifier === undefined && people.type !== 'email.sent') {
    notes.push('nobody is named in it: it will be on no timeline yet');
  }
  const data: JsonObject = {
    object,
    // A bounce seldom names the thread; the mail that came back with it does.
    conversation: cleanText(repliedTo(email) ?? report?.thread ?? object),
    direction: people.direction,
    ...(people.identifier === undefined ? {} : { identifiers: [asIdentifier(people.identifier)] }),
    ...(people.participants.length === 0 ? {} : { participants: people.participants }),
    ...(Object.keys(content).length === 0 ? {} : { content }),
    ...(report?.auto === undefined ? {} : { auto: report.auto }),
    ...(report?.bounce === undefined ? {} : { bounce: bounceData(report.bounce) }),
  };
  const event: CloudEventJson = {
    specversion: '1.0',
    // Other mails do come with the same Message-ID (copies of a list, broken senders): they are versions of one thing.
    id: named === undefined ? object : `${object}/${fingerprint.slice(0, 16)}`,
    source: options.source ?? EMAIL_SOURCE,
    type: people.type,
    ...(at === undefined ? {} : { time: new Date(at).toISOString() }),
    datacontenttype: 'application/json',
    data,
  };
  const attachmentBytes = attachments.reduce((sum, { size }) => sum + size, 0);
  return { kind: 'event', item, event: fitted(event, notes), notes, attachmentBytes };
}

function bounceData({ action, status, diagnostic }: Bounce): JsonObject {
  return {
    action: action ?? 'failed',
    ...(status === undefined ? {} : { status }),
    ...(diagnostic === undefined ? {} : { diagnostic: cleanText(diagnostic) }),
  };
}

type Role = 'from' | 'sender' | 'to' | 'cc' | 'bcc' | 'reply-to' | 'failed-recipient' | 'final-recipient';

interface People {
  readonly type: 'email.received' | 'email.sent' | 'email.bounced';
  readonly direction: 'inbound' | 'outbound' | 'internal';
  /** The customer. */
  readonly identifier?: Mailbox;
  readonly participants: JsonObject[];
}

/** Who is the customer, who else took part, and which way it went. */
function peopleOf(email: Email, report: Report | undefined, { own }: ImportOptions): People {
  const boxes = (header: Role): [Role, Mailbox][] => mailboxesOf(email, header).map((box) => [header, box]);
  const from = boxes('from');
  const all = [
    ...from,
    ...boxes('sender'),
    ...boxes('to'),
    ...boxes('cc'),
    ...boxes('bcc'),
    ...boxes('reply-to'),
  ];
  const others = (identifier: Mailbox | undefined, more: [Role, Mailbox][] = []): JsonObject[] => {
    const seen = new Set(identifier === undefined ? [] : [identifier.address.toLowerCase()]);
    return [...more, ...all].flatMap(([role, box]) => {
      const value = isAddress(box.address) ? box.address : (box.name ?? box.address);
      if (seen.has(value.toLowerCase())) return [];
      seen.add(value.toLowerCase());
      return [{ ...asIdentifier({ ...box, address: value }), role }];
    });
  };
  const as = (
    type: People['type'],
    direction: People['direction'],
    identifier?: Mailbox,
    more?: [Role, Mailbox][],
  ): People => ({
    type,
    direction,
    ...(identifier === undefined ? {} : { identifier }),
    participants: others(identifier, more),
  });

  if (report?.bounce !== undefined) {
    const { recipients, finals } = report.bounce;
    const [first, ...rest] = recipients.map((address) => ({ address: cleanText(address) }));
    const more = rest.map((box): [Role, Mailbox] => ['failed-recipient', box]);
    const led = finals.map((address): [Role, Mailbox] => [
      'final-recipient',
      { address: cleanText(address) },
    ]);
    return as('email.bounced', 'inbound', first, [...more, ...led]);
  }
  if (report?.complainant !== undefined) {
    return as('email.received', 'inbound', { address: cleanText(report.complainant) });
  }
  const addressed = all.filter(([, box]) => isAddress(box.address));
  const of = (...roles: Role[]): Mailbox[] =>
    roles.flatMap((role) => addressed.filter(([is]) => is === role).map(([, box]) => box));
  const writer = of('from', 'sender', 'reply-to')[0];
  if (writer !== undefined && own.hasAddress(writer.address)) {
    const readers = of('to', 'cc', 'bcc');
    const customer = readers.find(({ address }) => !own.hasAddress(address));
    return as('email.sent', customer === undefined && readers.length > 0 ? 'internal' : 'outbound', customer);
  }
  return as('email.received', 'inbound', writer);
}

const asIdentifier = ({ address, name }: Mailbox): JsonObject => ({
  kind: 'email',
  value: cleanText(address),
  ...(name === undefined ? {} : { name: cleanText(name) }),
});
