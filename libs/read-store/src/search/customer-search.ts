import { standings } from '@threadline/projections/contribution';
import { searchText } from '@threadline/projections/search-text';
import type { FoundCustomer, SearchPage } from '../customers/customer-reads.js';
import { readCursor, writeCursor } from '../customers/cursor.js';
import type { OpenedLog } from '../customers/opened-log.js';
import type { View } from '../customers/view.js';
import { matchExpression } from './words-index.js';

/** So many people are put in order at once; whoever pages on gets the next so many. */
const PEOPLE = 1_000;
/** So many events are looked at for one page at most. */
const EVENTS = 20_000;
/** So many events are looked at together: few first, as a page is mostly full soon, then twice as many each time. */
const CHUNK = { first: 10, most: 200 };

interface Candidate {
  readonly label: number;
  readonly matched: FoundCustomer['matched'];
}

/** How many candidates the pages before looked at, and the position up to which words were looked for. */
type Place = [offset: number, upTo: number];

const isSearchPlace = (value: unknown): value is Place =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((part) => Number.isSafeInteger(part) && part >= 0);

/** Customers by identifier, then by name, then by words on their timeline (latest first); each once. */
export async function searchCustomers(
  view: View,
  { q, phone, limit, cursor }: { q?: string; phone?: string; limit: number; cursor?: string },
  describe: (label: number) => Promise<Omit<FoundCustomer, 'matched'> | undefined>,
): Promise<SearchPage> {
  const start: Place =
    cursor === undefined ? [0, await view.rows.checkpoint()] : readCursor(cursor, isSearchPlace);
  const [offset, upTo] = start;
  const customers: FoundCustomer[] = [];
  const found = candidates(view, q, phone, upTo);
  try {
    let seen = (await taken(found, offset)).length;
    while (customers.length < limit) {
      const some = await taken(found, limit - customers.length);
      if (some.length === 0) return { customers, next: null };
      seen += some.length;
      const described = await Promise.all(some.map(({ label }) => describe(label)));
      some.forEach(({ matched }, index) => {
        const customer = described[index];
        if (customer !== undefined) customers.push({ ...customer, matched });
      });
    }
    const isMore = (await taken(found, 1)).length > 0;
    return { customers, next: isMore ? writeCursor([seen, upTo]) : null };
  } finally {
    await found.return();
  }
}

/** The next of them, so many where there are. */
async function taken<T>(from: AsyncGenerator<T, void>, count: number): Promise<T[]> {
  const some: T[] = [];
  while (some.length < count) {
    const next = await from.next();
    if (next.done === true) break;
    some.push(next.value);
  }
  return some;
}

async function* candidates(
  view: View,
  q: string | undefined,
  phone: string | undefined,
  upTo: number,
): AsyncGenerator<Candidate, void> {
  const labels = new Set<number>();
  const isNew = (label: number | undefined): label is number =>
    label !== undefined && !labels.has(label) && !!labels.add(label);
  const asked = q?.trim() ?? '';
  if (asked === '') {
    for await (const { label } of recent(view, upTo))
      if (isNew(label)) yield { label, matched: { in: 'all', text: null } };
    return;
  }
  for await (const { label, matched } of people(view, asked, phone))
    if (isNew(label)) yield { label, matched };
  const match = matchExpression(asked);
  if (match === undefined) return;
  const positions = view.words.events(match, upTo, EVENTS);
  for (const [from, to] of chunks(positions.length)) {
    for await (const { label, position } of customersAt(view, positions.slice(from, to))) {
      if (isNew(label)) yield { label, matched: await wordsAt(view.opened, position, asked) };
    }
  }
}

/** By identifier, then by name; within each, of every thousand, the customer heard from last comes first. */
async function* people(
  { rows, words }: View,
  asked: string,
  phone: string | undefined,
): AsyncIterable<Candidate> {
  const numbers = /^\+?[\d\s().\/-]{6,}$/.test(asked) ? [asked, ...(phone === undefined ? [] : [phone])] : [];
  const digits = numbers.map((number) => `"${number.replace(/\D/g, '')}" *`).filter((one) => one !== '"" *');
  const expressions = new Set([matchExpression(asked), ...digits].filter((one) => one !== undefined));
  const match = [...expressions].join(' OR ');
  if (match === '') return;
  for (const column of ['identifier', 'names'] as const) {
    const where = column === 'identifier' ? 'identifier' : 'name';
    let handles: number[];
    for (let after = -1; (handles = words.people(match, column, after, PEOPLE)).length > 0;) {
      for (const label of await heardLast(rows, handles))
        yield { label, matched: { in: where, text: asked } };
      if (handles.length < PEOPLE) break;
      after = handles.at(-1) ?? after;
    }
  }
}

/** The customers of these parties, each once, in the order in which they were heard from last. */
async function heardLast(rows: View['rows'], handles: readonly number[]): Promise<number[]> {
  const labels = new Set((await rows.customersOf(handles)).filter((label) => label !== undefined));
  const last = await rows.lastSeen([...labels]);
  const lastSeen = [...labels].map((label, index): [number, number] => [label, last[index] ?? -Infinity]);
  lastSeen.sort(([a, x], [b, y]) => (x === y ? a - b : y > x ? 1 : -1));
  return lastSeen.map(([label]) => label);
}

/** From 0 to `total`, one range after the other. */
function* chunks(total: number): Iterable<[from: number, to: number]> {
  for (let from = 0, size: number = CHUNK.first; from < total; size = Math.min(2 * size, CHUNK.most)) {
    const to = Math.min(from + size, total);
    yield [from, to];
    from = to;
  }
}

/** The customers whose events came last. */
async function* recent(view: View, upTo: number): AsyncIterable<{ label: number }> {
  for (const [from, to] of chunks(upTo)) {
    const positions = Array.from({ length: to - from }, (_, index) => upTo - from - index);
    yield* customersAt(view, positions);
  }
}

async function* customersAt(
  view: View,
  positions: readonly number[],
): AsyncIterable<{ label: number; position: number }> {
  const events = await view.opened.logged(positions);
  const homes = new Map(events.map((event) => [event.position, event.parties[event.home]?.key]));
  const parked = await view.rows.parkedOf(positions);
  const known = [...homes.values()].filter((home) => home !== undefined);
  const customers = await view.rows.customersOf(known);
  const labels = new Map(known.map((home, index) => [home, customers[index]]));
  for (const position of positions) {
    if (!homes.has(position) || parked.has(position)) continue;
    const own = homes.get(position);
    const label = own === undefined ? await customerAt(view, position) : labels.get(own);
    if (label !== undefined) yield { label, position };
  }
}

/** The customer on whose timeline the event at this position is. */
export async function customerAt(view: View, position: number): Promise<number | undefined> {
  const home = await homeAt(view, position);
  if (home === undefined) return undefined;
  const [customer] = await view.rows.customersOf([home]);
  return customer;
}

/** The handle of the party under which the event at this position stands. */
async function homeAt({ rows, opened }: View, position: number): Promise<number | undefined> {
  const [event] = await opened.logged([position]);
  if (event === undefined) return undefined;
  if (event.home >= 0) return event.parties[event.home]?.key;
  // The log is ahead of the model: what is not folded yet is nobody's home.
  const folded = await rows.checkpoint();
  const all = (await opened.interaction(event.stream)).filter((other) => other.position <= folded);
  const parked = await rows.parkedOf(all.map((other) => other.position));
  const events = all.filter((other) => !parked.has(other.position));
  return standings(events).find((standing) => standing.event.position === position)?.home;
}

const BEFORE = 40;
const AROUND = 160;

/** A piece of the event's text round the first of the words. */
async function wordsAt(
  opened: OpenedLog,
  position: number,
  asked: string,
): Promise<FoundCustomer['matched']> {
  const data = (await opened.data([position])).get(position)?.data;
  const [event] = await opened.logged([position]);
  const text = data === undefined ? '' : searchText(data).replace(/\s+/g, ' ');
  const first = asked.split(/\s+/)[0] ?? '';
  const at = Math.max(0, text.toLowerCase().indexOf(first.toLowerCase()) - BEFORE);
  return {
    in: 'words',
    text: text.slice(at, at + AROUND),
    ...(event === undefined ? {} : { event: event.id }),
  };
}
