import { HubApi } from '@threadline/hub/demo-api';
import type { FoundCustomer } from '@threadline/read-store/customers/customer-reads';

/** What is asked of every customer, and of all of them. */
export interface Questions {
  /** Queries of a card: `''`, `'?explain=true'`. */
  readonly cards: readonly string[];
  readonly timelines: readonly Readonly<Record<string, string>>[];
  readonly searches: readonly string[];
}

/** Customers who are asked about at once. */
const AT_ONCE = 12;

/** What an answer says apart from where in which log it is from. */
export const plain = (answer: unknown): string =>
  JSON.stringify(answer, (name, value: unknown) =>
    name === 'position' || name === 'recordedAt' || name === 'next' ? undefined : value,
  );

/** Cards, every page of timelines and identity, and whom searches find: from each question to its answer, without positions. */
export async function everything(
  api: HubApi,
  minPosition: string,
  questions: Questions,
): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const customers = await api.all<'customers', FoundCustomer>('/v1/customers', 'customers', {
    limit: '200',
    minPosition,
  });
  told.set('customers', plain(customers.toSorted((a, b) => (a.id < b.id ? -1 : 1))));
  const waiting = customers.map(({ id }) => id);
  const lane = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
      await everythingOf(api, id, questions, told);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  // What was said last is found first, and of one request each log has an order of its own.
  for (const q of questions.searches) {
    const found = await api.all<'customers', FoundCustomer>('/v1/customers', 'customers', { q, limit: '50' });
    told.set(`search ${q}`, plain(found.map(({ id, name }) => `${id} ${name}`).sort()));
  }
  return told;
}

async function everythingOf(
  api: HubApi,
  id: string,
  { cards, timelines }: Questions,
  told: Map<string, string>,
): Promise<void> {
  const path = `/v1/customers/${id}`;
  for (const query of cards) {
    const { status, body } = await api.request(`${path}${query}`);
    told.set(`${path}${query}`, plain([status, body]));
  }
  for (const query of timelines)
    told.set(
      `${path}/timeline ${JSON.stringify(query)}`,
      plain(await api.all(`${path}/timeline`, 'entries', query)),
    );
  told.set(`${path}/identity`, plain(await api.get(`${path}/identity`, { limit: '200' })));
}

/** The questions that two have answered differently, or only one of them. */
export const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((what) => one.get(what) !== other.get(what));
