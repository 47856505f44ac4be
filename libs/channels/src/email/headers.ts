import { addressParser, type Address, type Email } from 'postal-mime';
import { mailDate } from './mail-date.js';

export interface Mailbox {
  readonly address: string;
  readonly name?: string;
}

/** The values of every header of that name, unfolded, in their order. `name` in lower case. */
export const headersOf = (email: Email, name: string): string[] =>
  email.headers.filter(({ key }) => key === name).map(({ value }) => value.trim());

export const headerOf = (email: Email, name: string): string => headersOf(email, name)[0] ?? '';

const flat = (addresses: readonly Address[]): Mailbox[] =>
  addresses.flatMap((entry) =>
    entry.group === undefined ? [mailbox(entry.address, entry.name)] : flat(entry.group),
  );

function mailbox(address: string | undefined, name: string | undefined): Mailbox {
  // Comments and spaces may stand inside an address (RFC 5322 4.4).
  const bare = (address ?? '').replace(/\([^()]*\)/g, '').replace(/\s+/g, '');
  const plain = isAddress(bare) ? bare : (address ?? '').trim();
  const spoken = (name ?? '').trim();
  // A name that is no more than the address again says nothing about who it is.
  return spoken === '' || spoken.toLowerCase() === plain.toLowerCase()
    ? { address: plain }
    : { address: plain, name: spoken };
}

/** Is it an address that somebody can be known by? */
export const isAddress = (address: string): boolean => /^[^\s@]+@[^\s@]+$/.test(address);

/** Who stands in these headers, groups opened; at least an address or a name each. */
export function mailboxesOf(email: Email, name: string): Mailbox[] {
  return headersOf(email, name)
    .flatMap((value) => flat(addressParser(value)))
    .map((box) => (isAddress(box.address) ? box : (firstAddress(box) ?? box)))
    .filter((box) => box.address !== '' || box.name !== undefined);
}

/** `tim@a.example concierge@a.example`, with no comma between: the first that is an address. */
function firstAddress({ address, name }: Mailbox): Mailbox | undefined {
  const found = /[^\s<>"(),;:@]+@[^\s<>"(),;:@]+/.exec(`${address} ${name ?? ''}`)?.[0];
  return found === undefined ? undefined : { address: found };
}

/** Message-IDs in a header's value, with their brackets; one that came without gets them. */
export function messageIds(value: string): string[] {
  const bracketed = [...value.matchAll(/<([^<>]+)>/g)].map(
    ([, id = '']) => `<${id.replace(/\([^()]*\)|\s+/g, '')}>`,
  );
  if (bracketed.length > 0) return bracketed.filter((id) => id !== '<>');
  return value
    .split(/[\s,]+/)
    .filter((id) => /^[^<>@]+@[^<>@]+$/.test(id))
    .map((id) => `<${id}>`);
}

/** Its own Message-ID; one without `@` is kept all the same. */
export function messageId(email: Email): string | undefined {
  const value = headerOf(email, 'message-id');
  const plain = value.replace(/[<>\s]+/g, '');
  return messageIds(value)[0] ?? (plain === '' ? undefined : `<${plain}>`);
}

/** The thread that it answers in: the first of References, else In-Reply-To; `undefined` where it opens one. */
export const repliedTo = (email: Email): string | undefined =>
  ['references', 'in-reply-to'].flatMap((name) => headersOf(email, name).flatMap(messageIds))[0];

const DAY = 86_400_000;

/** Clocks that were never set write the first of January 1970. */
const isSet = (at: number | undefined): at is number => at !== undefined && Math.abs(at) > DAY;

export interface MailTime {
  readonly at?: number;
  readonly note?: string;
}

/**
 * When it was written: Date, unless that is of a clock that was never set, or more than a week after the last server
 * had it; else when the last server (the first Received) got it; else `fallback` (an mbox's own line).
 */
export function timeOf(email: Email, fallback?: number): MailTime {
  const received = headersOf(email, 'received')
    .map((value) => mailDate(value.slice(value.lastIndexOf(';') + 1)))
    .find(isSet);
  const header = headerOf(email, 'date');
  const written = mailDate(header);
  if (isSet(written) && written <= (received ?? Infinity) + 7 * DAY) return { at: written };
  const why = header === '' ? 'no Date' : 'a Date that cannot be right';
  if (received !== undefined) return { at: received, note: `${why}: the time of the last Received is taken` };
  if (fallback !== undefined)
    return { at: fallback, note: `${why}: the time of the mbox's own line is taken` };
  return { note: `${why}, no Received: the event goes without its original time` };
}
