import type { Attachment, Email } from 'postal-mime';
import { headerOf, headersOf, isAddress, mailboxesOf, messageIds } from './headers.js';

/** What a machine wrote, and nobody typed. The value of `data.auto`. */
export type Auto =
  'auto-replied' | 'auto-generated' | 'feedback-report' | 'delivery-report' | 'disposition-notification';

/** A mail that says of another mail that it did not arrive (or not yet). */
export interface Bounce {
  /** To whom it should have gone: the addresses that we wrote to, where the report tells them. */
  readonly recipients: readonly string[];
  /** Where that address led in the end, if it is another one. */
  readonly finals: readonly string[];
  /** RFC 3464 2.3.3: `failed`, `delayed`. */
  readonly action?: string;
  /** RFC 3463, such as `5.1.1`. */
  readonly status?: string;
  readonly diagnostic?: string;
}

export interface Report {
  readonly bounce?: Bounce;
  readonly auto?: Auto;
  /** The recipient who complained (RFC 5965), where it tells. */
  readonly complainant?: string;
  /** The thread of the mail that it speaks of. */
  readonly thread?: string;
}

type Fields = ReadonlyMap<string, string>;

const SUBJECTS = new RegExp(
  [
    'undeliver',
    'not delivered',
    'unzustellbar',
    'non remis',
    'no se (?:ha podido|pudo) entregar',
    'mancato recapito',
    'nicht zugestellt',
    '退信',
    '配信(?:不能|エラー|できません)',
    'delivery (?:status notification|failure|failed|has failed|problem|error|incomplete|notification|unsuccessful|report)',
    'non-?delivery',
    'returned (?:mail|message|to sender)',
    'returning (?:mail|message)',
    'failure notice',
    'mail (?:delivery|system) (?:failed|failure|error|subsystem|system)',
    'mail failure',
    'failed (?:mail|delivery)',
    '(?:could|can) ?not (?:be )?(?:send|deliver)',
    'message (?:delivery|not) (?:failed|failure|sent|delayed|status)',
    'bounced? mail',
    'user unknown',
  ].join('|'),
  'i',
);

const DAEMON =
  /^(?:mailer-?_?daemon|mail-?daemon|mailerdaemon|mdaemon|mail-?system|maildelivery|double-bounce)$/i;
const DAEMON_NAME = /mail(?:er)?[ -]?(?:delivery|daemon)|delivery (?:sub)?system|system administrator/i;

/** What it is besides a mail that somebody wrote; `undefined` where it is none of it. */
export function reportOf(email: Email): Report | undefined {
  const type = headerOf(email, 'content-type').toLowerCase();
  const kind = /report-type\s*=\s*"?([\w-]+)/.exec(type)?.[1];
  const original = originalOf(email);
  const thread = original === undefined ? undefined : threadOfFields(original);
  const of = (report: Report): Report => (thread === undefined ? report : { ...report, thread });

  const feedback = partOf(email, 'message/feedback-report');
  if (feedback !== undefined || kind === 'feedback-report') {
    const fields = feedback === undefined ? [] : groupsOf(textOf(feedback));
    const told = fields.map((group) => group.get('original-rcpt-to') ?? group.get('removal-recipient'));
    const complainant = told.map(plainAddress).find(isAddress);
    return of({ auto: 'feedback-report', ...(complainant === undefined ? {} : { complainant }) });
  }
  if (kind === 'disposition-notification') return of({ auto: 'disposition-notification' });

  const status = partOf(email, 'message/delivery-status') ?? partOf(email, 'message/global-delivery-status');
  // Some servers say multipart/report and write plain text: the fields are there all the same.
  const written =
    status !== undefined ? textOf(status) : kind === 'delivery-status' ? (email.text ?? '') : '';
  const groups = groupsOf(written);
  const actions = groups.flatMap((group) => group.get('action')?.toLowerCase() ?? []);
  if (actions.length > 0 && actions.every((action) => /^(?:delivered|relayed|expanded)/.test(action))) {
    return of({ auto: 'delivery-report' });
  }
  if (status !== undefined || kind === 'delivery-status' || looksBounced(email)) {
    return of({ bounce: bounceOf(email, groups, original) });
  }
  const auto = automatic(email);
  return auto === undefined ? undefined : { auto };
}

/** The header rules, for the many servers that do not write RFC 3464. */
function looksBounced(email: Email): boolean {
  if (headerOf(email, 'x-failed-recipients') !== '') return true;
  const subject = headerOf(email, 'subject') === '' ? '' : (email.subject ?? '');
  const answers = headerOf(email, 'in-reply-to') !== '' || /^\s*(?:re|aw|sv|antw)\s*:/i.test(subject);
  const says = SUBJECTS.test(subject);
  const from = mailboxesOf(email, 'from')[0];
  const local = (from?.address ?? '').split('@')[0] ?? '';
  const written = `${headerOf(email, 'from')} ${from?.name ?? ''}`;
  const nobody = headersOf(email, 'return-path').some((value) => /^<\s*>$/.test(value));
  const vacation = /vacation|out of office|auto(?:matic)?[ -]?(?:reply|response)/i.test(subject);
  if (vacation) return false;
  if (DAEMON.test(local) || /mailer-daemon/i.test(written)) return true;
  if (DAEMON_NAME.test(from?.name ?? '') || /^postmaster$/i.test(local)) return nobody || says;
  const told = hasStatus(email);
  return says ? nobody || (!answers && told) : nobody && told && automatic(email) === undefined;
}

/** An SMTP answer, an enhanced status code or the words for it in its text. */
const hasStatus = (email: Email): boolean =>
  /\b5\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b|user unknown|unknown user|could not be delivered/i.test(
    (email.text ?? email.html ?? '').slice(0, 20_000),
  );

/** RFC 3834, and what was written before it. */
function automatic(email: Email): Auto | undefined {
  const submitted = /^[a-z-]+/i.exec(headerOf(email, 'auto-submitted'))?.[0].toLowerCase();
  if (submitted === 'auto-generated' || submitted === 'auto-notified') return 'auto-generated';
  if (submitted !== undefined && submitted !== 'no') return 'auto-replied';
  const marks = ['x-autoreply', 'x-autorespond', 'x-autoresponder', 'x-auto-reply-from', 'x-mailer-vacation'];
  if (marks.some((name) => headerOf(email, name) !== '')) return 'auto-replied';
  if (/^vacation/i.test(headerOf(email, 'x-apple-action'))) return 'auto-replied';
  if (/^auto[_-]?reply/i.test(headerOf(email, 'precedence'))) return 'auto-replied';
  const subject = email.subject ?? '';
  const says =
    /^\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response)|out of (?:the )?office|abwesenheitsnotiz)\b/i;
  return says.test(subject) ? 'auto-replied' : undefined;
}

function bounceOf(email: Email, groups: readonly Fields[], original: Fields | undefined): Bounce {
  const reported = groups.filter((group) => group.has('final-recipient') || group.has('original-recipient'));
  const pairs = reported.map((group) => {
    const final = plainAddress(group.get('final-recipient'));
    const asked = plainAddress(group.get('original-recipient'));
    return { asked: isAddress(asked) ? asked : final, final };
  });
  const recipients = unique(pairs.map(({ asked }) => asked).filter(isAddress));
  const finals = unique(pairs.map(({ final }) => final).filter(isAddress)).filter(
    (box) => !recipients.includes(box),
  );
  const field = (name: string): string | undefined =>
    groups.map((group) => group.get(name)).find((value) => value !== undefined);
  const status = /\d\.\d{1,3}\.\d{1,3}/.exec(field('status') ?? '')?.[0];
  const diagnostic = field('diagnostic-code');
  const action = /^[a-z]+/i.exec(field('action') ?? '')?.[0].toLowerCase();
  return {
    recipients: recipients.length > 0 ? recipients : guessedRecipients(email, original),
    finals,
    ...(action === undefined ? {} : { action }),
    ...(status === undefined ? {} : { status }),
    ...(diagnostic === undefined ? {} : { diagnostic }),
  };
}

/** Who it did not reach, where no report says so: a header, the mail that came back, or what the text names first. */
function guessedRecipients(email: Email, original: Fields | undefined): string[] {
  const failed = headersOf(email, 'x-failed-recipients').flatMap(addressesIn);
  if (failed.length > 0) return unique(failed);
  const sender = mailboxesOf(email, 'from')[0]?.address.toLowerCase() ?? '';
  const ours = new Set([sender, ...mailboxesOf(email, 'to').map(({ address }) => address.toLowerCase())]);
  const to = addressesIn(original?.get('to') ?? '').filter((address) => !ours.has(address.toLowerCase()));
  const named = addressesIn((email.text ?? email.html ?? '').slice(0, 20_000));
  const others = unique(named).filter((address) => !ours.has(address.toLowerCase()));
  const both = to.filter((address) => others.some((other) => other.toLowerCase() === address.toLowerCase()));
  if (both.length > 0) return unique(both);
  if (to.length > 0) return to.slice(0, 1);
  return others
    .filter((address) => !/^(?:postmaster|mailer-daemon|abuse|support)@/i.test(address))
    .slice(0, 1);
}

const addressesIn = (text: string): string[] =>
  [...text.matchAll(/[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi)].map(
    ([address]) => address,
  );

const unique = (addresses: readonly string[]): string[] => [...new Set(addresses)];

/** `rfc822; <ana@example.org>` → `ana@example.org`. */
function plainAddress(value: string | undefined): string {
  const text = (value ?? '').replace(/^[\w-]+\s*;\s*/, '');
  return (/<([^<>]+)>/.exec(text)?.[1] ?? text).trim();
}

const partOf = (email: Email, type: string): Attachment | undefined =>
  email.attachments.find(({ mimeType }) => mimeType.toLowerCase() === type);

function textOf({ content }: Attachment): string {
  return typeof content === 'string' ? content : Buffer.from(new Uint8Array(content)).toString('utf8');
}

/** Header-like groups with blank lines between; names in lower case, the first of a name counts. */
function groupsOf(text: string): Fields[] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*(?:\n[ \t]*)+/)
    .map(fieldsOf)
    .filter((fields) => fields.size > 0);
}

function fieldsOf(block: string): Fields {
  const fields = new Map<string, string>();
  for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const found = /^([A-Za-z][\w-]*)\s*:\s*(.*)$/.exec(line);
    const name = found?.[1]?.toLowerCase();
    if (name !== undefined && !fields.has(name)) fields.set(name, (found?.[2] ?? '').trim());
  }
  return fields;
}

/** The header of the mail that came back: a part of its own, or copied into the text below some line. */
function originalOf(email: Email): Fields | undefined {
  const part = ['message/rfc822', 'text/rfc822-headers', 'message/rfc822-headers', 'message/global']
    .map((type) => partOf(email, type))
    .find((found) => found !== undefined);
  if (part !== undefined) return groupsOf(textOf(part).slice(0, 200_000))[0];
  const text = email.text ?? '';
  return groupsOf(text.slice(0, 200_000)).find((fields) => fields.has('to') && fields.has('from'));
}

function threadOfFields(fields: Fields): string | undefined {
  const names = ['references', 'in-reply-to', 'message-id'];
  return names.flatMap((name) => messageIds(fields.get(name) ?? ''))[0];
}
