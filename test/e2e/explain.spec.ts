import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { ExplainedCard, Explanation, Overruled } from '@threadline/projections/explanation';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send, type Sent } from '../support/send.js';

const ana = [{ kind: 'email', value: 'ana@example.org' }];
const card = [{ kind: 'loyalty', value: 'M-1' }];
const at = (hour: number): string => `2026-03-02T${String(hour).padStart(2, '0')}:00:00Z`;

const event = (id: string, type: string, hour: number, data: JsonObject): Sent => ({
  id,
  type,
  time: at(hour),
  data,
});
const coat = (id: string, hour: number, value: string): Sent =>
  event(id, 'chat.message', hour, { identifiers: ana, facts: [{ slot: 'size.coat', value }] });
const order = (id: string, sequence: number, total: string): Sent =>
  event(id, 'purchase.completed', 9, {
    object: 'order-7',
    sequence,
    identifiers: card,
    purchase: { order: '7', currency: 'EUR', total, items: [{ name: 'Scarf', quantity: 1, price: total }] },
  });

const history: Sent[] = [
  ...['34', '36', '36', '38'].map((value, index) => coat(`coat-${index}`, 4 + index, value)),
  order('order-7', 1, '100.00'),
  order('order-7-corrected', 2, '80.00'),
  event('named', 'email.received', 10, { identifiers: [{ ...ana[0], name: 'A. Ruiz' }] }),
  event('stated', 'profile.stated', 8, {
    object: 'crm-1',
    sequence: 1,
    identifiers: card,
    profile: { name: 'Ana Ruis', language: 'es' },
  }),
  event('stated-again', 'profile.stated', 8, {
    object: 'crm-1',
    sequence: 2,
    identifiers: card,
    profile: { name: 'Ana Ruiz', language: 'es' },
  }),
  event('promised', 'note.written', 11, { identifiers: ana, promises: [{ id: 'p1', text: 'call back' }] }),
  event('kept', 'promise.kept', 12, { identifiers: card, promise: { id: 'p1' } }),
  event('consented', 'consent.given', 6, { identifiers: ana, consent: { purpose: 'news' } }),
  event('objected', 'consent.withdrawn', 7, { identifiers: card, consent: { purpose: 'news' } }),
  event('joined', 'note.written', 13, { identifiers: [...card, ...ana] }),
];

const told = ({ overruled }: { overruled: Overruled[] }): unknown[] =>
  overruled.map(({ id, value, rule }) => [id, value, rule]);

describe('a card that explains itself', () => {
  let hub: TestHub;
  let path: string;
  let explain: Explanation;

  const explained = async (query = ''): Promise<ExplainedCard> =>
    (await read(hub, `${path}?explain=true${query}`)) as unknown as ExplainedCard;

  before(async () => {
    hub = await startHub();
    const end = await send(hub, history);
    const { id } = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${end}`);
    path = `/v1/customers/${id as string}`;
    ({ explain } = await explained());
  });
  after(() => hub.stop());

  it('is the card with one member more', async () => {
    const plain = await read(hub, path);
    const { explain: _, ...rest } = await explained();
    assert.deepEqual(rest, plain);
    assert.deepEqual(await read(hub, `${path}?explain=false`), plain);
    assert.deepEqual(await read(hub, '/v1/customers/by/loyalty/M-1?explain=true'), await explained());
    for (const member of Object.keys(explain)) assert.ok(member in plain, member);
  });

  it('names events as the timeline does', async () => {
    const { entries } = (await read(hub, `${path}/timeline`)) as { entries: JsonObject[] };
    const named = JSON.stringify(explain).match(/"event":"[^"]+"/g) ?? [];
    const known = new Set(entries.map((entry) => `"event":"${entry['event'] as string}"`));
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((one) => !known.has(one)),
      [],
    );
  });

  it('tells of a fact its event and all that it overruled, the same value twice as well', () => {
    const fact = explain.facts['size.coat'];
    assert.ok(fact);
    assert.deepEqual([fact.id, fact.source, fact.at], ['coat-3', '/test', '2026-03-02T07:00:00.000Z']);
    assert.deepEqual(told(fact), [
      ['coat-2', '36', 'later'],
      ['coat-1', '36', 'later'],
      ['coat-0', '34', 'later'],
    ]);
    assert.equal(fact.more, 0);
  });

  it('tells what a newer version of the same thing took back', () => {
    const { spend, overruled } = explain.purchases;
    assert.deepEqual(
      spend['EUR']?.latest.map(({ id, value }) => [id, value]),
      [['order-7-corrected', '80.00']],
    );
    assert.deepEqual(told({ overruled }), [
      ['order-7', { currency: 'EUR', total: '100.00' }, 'newer-version'],
    ]);
    assert.equal(explain.profile['name']?.id, 'stated-again');
    assert.deepEqual(told(explain.profile['name']), [['stated', 'Ana Ruis', 'newer-version']]);
  });

  it('tells why a name stands, whichever came last', () => {
    assert.ok(explain.name);
    assert.equal(explain.name.id, 'stated-again');
    assert.deepEqual(told(explain.name), [
      ['named', 'A. Ruiz', 'stated'],
      ['stated', 'Ana Ruis', 'newer-version'],
    ]);
  });

  it('tells what closed a promise, and who objected', () => {
    assert.deepEqual(
      explain.promises.closed.map(({ id, text, made, closed }) => [id, text, made.id, closed.id]),
      [['p1', 'call back', 'promised', 'kept']],
    );
    assert.deepEqual(
      [explain.consents['news']?.id, ...told(explain.consents['news'] ?? { overruled: [] })],
      ['objected', ['consented', true, 'later']],
    );
  });

  it('obeys both clocks', async () => {
    const then = (await explained(`&asOf=${at(5)}`)).explain;
    assert.equal(then.facts['size.coat']?.id, 'coat-1');
    assert.equal(then.lastSeen?.id, 'coat-1');
    await read(hub, `${path}?explain=true&knownAt=2000-01-01T00:00:00Z`, 404);
    const { facts, counts } = (await explained('&knownAt=2')).explain;
    assert.deepEqual(told(facts['size.coat'] ?? { overruled: [] }), [['coat-0', '34', 'later']]);
    assert.deepEqual(
      [counts['chat']?.events, counts['chat']?.latest.map(({ id }) => id)],
      [2, ['coat-1', 'coat-0']],
    );
  });

  it('says how many more there are than it lists', async () => {
    const end = await send(
      hub,
      Array.from({ length: 9 }, (_, index) => coat(`more-${index}`, 14, String(index))),
    );
    const fact = (await explained(`&minPosition=${end}`)).explain.facts['size.coat'];
    assert.deepEqual([fact?.overruled.length, fact?.more], [5, 7]);
  });

  it('takes true and false and nothing else', async () => {
    for (const bad of ['explain=yes', 'explain=', 'explain=1', 'explain=true&explain=true']) {
      const problem = await read(hub, `${path}?${bad}`, 400);
      assert.match(JSON.stringify(problem['problems']), /"parameter":"explain"/);
    }
    await read(hub, `${path}/timeline?explain=true`, 400);
  });
});
