import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Card } from './card.js';
import type { NaiveFact, NaiveIdentifier, NaiveRecord, NaiveSaid } from './naive-record.js';
import { NAIVE_DEFAULTS, type NaiveRules } from './naive-rules.js';
import { naiveReplay, type NaiveClocks, type NaiveCustomer } from './naive.js';

/** `kind:value`, `kind:value/strength` or `kind:value/strength/name`; the party's id is `kind:value`. */
function identifier(text: string): NaiveIdentifier {
  const [party = '', strength = 'claimed', name] = text.split('/');
  const [kind = '', value = ''] = party.split(':');
  const named = name === undefined ? {} : { name };
  return { party, kind, value, strength: strength as NaiveIdentifier['strength'], ...named };
}

interface Said {
  type: string;
  /** Our id; events said without one are e1, e2, … */
  event?: string;
  /** Hour of 2 March 2026, with parts of it. */
  hour?: number;
  who?: string[];
  /** The interaction; default: one of its own. */
  of?: string;
  position?: number;
  data?: object;
}

const time = (hour: number): number => Date.UTC(2026, 2, 2) + hour * 3_600_000;
const at = (hour: number): string => new Date(time(hour)).toISOString();

function history(...said: Said[]): NaiveFact[] {
  return said.map(({ type, event, hour = 10, who, of, position, data = {} }, index) => {
    const name = event ?? `e${index + 1}`;
    return {
      event: name,
      interaction: of ?? `i-${name}`,
      position: position ?? index + 1,
      recordedAt: time(12) + index,
      type,
      source: '/test',
      id: `id-${name}`,
      at: time(hour),
      data: {
        ...data,
        ...(who === undefined ? {} : { identifiers: who.map(identifier) }),
      } as unknown as NaiveFact['data'],
    };
  });
}

const replay = (facts: NaiveRecord[], clocks: Partial<NaiveClocks> = {}): ReturnType<typeof naiveReplay> =>
  naiveReplay(facts, { now: time(20), ...clocks });

function customer(party: string, facts: NaiveRecord[], clocks: Partial<NaiveClocks> = {}): NaiveCustomer {
  const found = replay(facts, clocks).customerOf(party);
  assert.ok(found, `nothing is known of ${party}`);
  return found;
}

const card = (party: string, facts: NaiveRecord[], clocks: Partial<NaiveClocks> = {}): Card =>
  customer(party, facts, clocks).card;

const events = (party: string, facts: NaiveRecord[]): string[] =>
  customer(party, facts).timeline.map(({ event }) => event);

const ana = ['email:ana'];

describe('naive: home', () => {
  it('is the strongest identifier, at equal strength the first listed', () => {
    const facts = history(
      {
        type: 'chat.message',
        who: ['device:d/device', 'email:ana', 'loyalty:7/verified', 'user:u/verified'],
      },
      { type: 'chat.message', who: ['email:bob', 'phone:1'] },
      { type: 'chat.message', who: ['device:d/device', 'phone:desk/shared'] },
    );
    assert.deepEqual(
      customer('loyalty:7', facts).timeline.map(({ party }) => party),
      ['loyalty:7'],
    );
    assert.deepEqual(
      customer('phone:1', facts).timeline.map(({ party }) => party),
      ['email:bob'],
    );
    assert.deepEqual(events('phone:desk', facts), ['e3']);
    assert.deepEqual(events('device:d', facts), []);
  });

  it('of an event without identifiers is that of the earliest event of its interaction that has some', () => {
    const facts = history(
      { type: 'call.transcribed', hour: 9, of: 'call' },
      { type: 'call.ended', hour: 11, of: 'call', who: ['phone:2'] },
      { type: 'call.started', event: 'b', hour: 10, of: 'call', who: ['phone:1'] },
      { type: 'call.started', event: 'a', hour: 10, of: 'call', who: ['phone:0'] },
      { type: 'call.ended', of: 'another', data: { identifiers: [] } },
    );
    assert.deepEqual(events('phone:0', facts), ['a', 'e1']);
    assert.deepEqual(events('phone:1', facts), ['b']);
    assert.deepEqual(
      replay(facts).unplaced.map(({ event }) => event),
      ['e5'],
    );
  });

  it('is looked for again in what was known at the time', () => {
    const facts = history(
      { type: 'call.transcribed', hour: 9, of: 'call' },
      { type: 'call.started', hour: 11, of: 'call', who: ['phone:late'] },
      { type: 'call.started', hour: 10, of: 'call', who: ['phone:early'] },
    );
    const home = (clocks: Partial<NaiveClocks>): string[] =>
      replay(facts, clocks)
        .customers.filter(({ rows }) => rows.some((row) => row.event === 'e1'))
        .map(({ id }) => id);
    assert.deepEqual(home({}), ['phone:early']);
    assert.deepEqual(home({ knownAt: 2 }), ['phone:late']);
    assert.deepEqual(home({ knownAt: 1 }), []);
    assert.deepEqual(home({ asOf: time(10) }), ['phone:early']);
  });
});

describe('naive: customers', () => {
  it('are the parties that events link, and whoever is only named has an empty card', () => {
    const facts = history(
      {
        type: 'chat.message',
        hour: 9,
        who: ['anonymous:x/inferred', 'device:d/device', 'phone:desk/shared'],
      },
      { type: 'chat.message', hour: 10, who: ['email:ana', 'anonymous:x/inferred'] },
      { type: 'chat.message', hour: 8, who: ['phone:kiosk/shared', 'device:d/device', 'device:d/device'] },
    );
    const answer = replay(facts);
    assert.deepEqual(
      answer.customers.map(({ ids }) => ids),
      [['anonymous:x', 'email:ana'], ['device:d'], ['phone:desk'], ['phone:kiosk']],
    );
    assert.deepEqual(answer.customerOf('device:d')?.card, {
      id: 'device:d',
      ids: ['device:d'],
      name: null,
      identifiers: [{ kind: 'device', value: 'd', strength: 'device' }],
      totals: { ids: 1, identifiers: 1 },
      firstSeen: null,
      lastSeen: null,
      counts: {},
      purchases: { orders: 0, returns: 0, spend: {}, last: null, categories: [], items: [] },
      facts: {},
      consents: {},
      surveys: {},
      social: { mentions: 0, latest: [] },
      promises: { open: [] },
      visits: { count: 0, last: null, present: null },
      profile: {},
    });
    assert.equal(answer.customerOf('email:nobody'), undefined);
  });

  it('answer to every id, the id of the party first seen, of one time the least', () => {
    const facts = history(
      { type: 'chat.message', hour: 10, who: ['email:ana', 'user:z/verified'] },
      { type: 'chat.message', hour: 9, who: ['email:ana'] },
      { type: 'chat.message', hour: 9, who: ['email:aba', 'email:ana'] },
    );
    assert.deepEqual(customer('user:z', facts).ids, ['email:aba', 'email:ana', 'user:z']);
    assert.equal(card('user:z', facts).id, 'email:aba');
  });

  it('keep of the links of one pair the strongest, oldest, least', () => {
    const facts = history(
      { type: 'chat.message', hour: 8, who: ['email:ana/inferred', 'phone:1/inferred'] },
      { type: 'chat.message', event: 'z', hour: 10, who: ['email:ana', 'phone:1'] },
      {
        type: 'chat.message',
        event: 'y',
        hour: 10,
        who: ['phone:1/verified', 'email:ana', 'email:ana/inferred'],
      },
      { type: 'chat.message', event: 'x', hour: 11, who: ['email:ana', 'phone:1'] },
    );
    assert.deepEqual(customer('email:ana', facts).links, [
      { a: 'phone:1', b: 'email:ana', event: 'y', place: 1, strength: 'claimed', at: time(10) },
    ]);
  });

  it('carry the greatest strength seen and the latest name, wherever their parties are named', () => {
    const facts = history(
      { type: 'chat.message', hour: 9, who: ['email:ana/verified/Ana', 'phone:1/claimed/A. Ruiz'] },
      { type: 'chat.message', hour: 10, who: ['phone:1//'] },
      { type: 'note.written', hour: 11, who: ['user:kofi/verified/Kofi', 'email:ana/shared/Ana R'] },
    );
    const { name, identifiers } = card('phone:1', facts);
    assert.equal(name, 'Ana R');
    assert.deepEqual(identifiers[0], { kind: 'email', value: 'ana', strength: 'verified' });
    assert.equal(card('phone:1', facts.slice(0, 2)).name, 'Ana');
    const stated = history(
      { type: 'profile.stated', hour: 7, who: ana, data: { profile: { name: '王小明', address: 'Rue 1' } } },
      { type: 'profile.stated', hour: 8, who: ana, data: { profile: { name: '', language: 'zh' } } },
      { type: 'chat.message', hour: 9, who: ['email:ana/claimed/Ana'] },
    );
    assert.equal(card('email:ana', stated).name, '王小明');
    assert.deepEqual(card('email:ana', stated).profile, { name: '', address: 'Rue 1', language: 'zh' });
  });
});

describe('naive: decisions and rules', () => {
  const two = history(
    { type: 'chat.message', hour: 9, who: ['email:ana', 'phone:1'] },
    { type: 'chat.message', hour: 10, who: ['email:bob'] },
  );
  const named = (names: string): NaiveSaid['parties'] => names.split(' ').filter(Boolean).map(identifier);
  const said = (
    says: 'link' | 'unlink',
    position: number,
    hour: number,
    parties: string,
    rest = '',
  ): NaiveSaid => ({
    ...{ event: `d${position}`, position, at: time(hour), says },
    ...{ parties: named(parties), rest: named(rest) },
  });
  const ids = (party: string, records: NaiveRecord[], clocks: Partial<NaiveClocks> = {}): readonly string[] =>
    replay(records, clocks).customerOf(party)?.ids ?? [];

  it('join customers, and part them again, as was known and had been said', () => {
    const merge = said('link', 3, 12, 'email:bob email:ana');
    const unmerge = said('unlink', 4, 13, 'email:bob', 'email:ana phone:1');
    const records = [unmerge, ...two, merge];
    const all = ['email:ana', 'phone:1', 'email:bob'];
    assert.deepEqual(ids('email:bob', records), ['email:bob']);
    assert.deepEqual(ids('email:bob', records, { knownAt: 3 }), all);
    assert.deepEqual(ids('email:bob', records, { knownAt: 2 }), ['email:bob']);
    assert.deepEqual(ids('email:bob', records, { asOf: time(12) }), all);
    assert.deepEqual(ids('email:bob', records, { asOf: time(12) - 1 }), ['email:bob']);
    assert.deepEqual(customer('phone:1', records, { knownAt: 3 }).decided, [
      { a: 'email:bob', b: 'email:ana', event: 'd3', at: time(12) },
    ]);
    assert.deepEqual(events('phone:1', [...two, merge]), ['e2', 'e1']);
  });

  it('name also whom no event names: somebody for as long as they are joined with another', () => {
    const ghosts = [...two, said('link', 3, 1, 'phone:ghost email:ana'), said('link', 4, 1, 'x:1 y:1')];
    assert.deepEqual(ids('phone:ghost', ghosts), ['email:ana', 'phone:1', 'phone:ghost']);
    assert.deepEqual(card('phone:ghost', ghosts).identifiers.at(-1), {
      kind: 'phone',
      value: 'ghost',
      strength: 'claimed',
    });
    assert.deepEqual(ids('y:1', ghosts), ['x:1', 'y:1']);
    assert.equal(card('y:1', ghosts).firstSeen, null);
    const alone = [...ghosts, said('unlink', 5, 2, 'phone:ghost', 'email:ana phone:1')];
    assert.equal(replay(alone).customerOf('phone:ghost'), undefined);
    assert.equal(replay([said('link', 1, 1, 'x:1')]).customerOf('x:1'), undefined);
    assert.equal(replay(alone).customers.length, 3);
    // Before the first event that names it, a party is one too.
    assert.deepEqual(
      ids('email:bob', [...two, said('link', 3, 1, 'email:bob email:ana')], { asOf: time(9) }),
      ['email:ana', 'phone:1', 'email:bob'],
    );
  });

  it('refuse by the rules that were the last to be applied then, whatever the business time', () => {
    const ruled = (position: number, rules: Partial<NaiveRules>): NaiveRecord => ({
      position,
      rules: { ...NAIVE_DEFAULTS, ...rules },
    });
    const cards = history(
      { type: 'chat.message', hour: 9, who: ['email:ana', 'loyalty:7'] },
      { type: 'chat.message', hour: 10, who: ['email:ana', 'loyalty:8'] },
    );
    const records = [ruled(4, { limits: {} }), ...cards, ruled(3, {})];
    assert.deepEqual(ids('loyalty:8', records), ['email:ana', 'loyalty:7', 'loyalty:8']);
    assert.deepEqual(ids('loyalty:8', records, { knownAt: 3, asOf: time(10) }), ['loyalty:8']);
    assert.equal(ids('loyalty:8', records, { asOf: time(10) }).length, 3);
    const refused = {
      a: 'email:ana',
      b: 'loyalty:8',
      event: 'e2',
      place: 1,
      strength: 'claimed',
      at: time(10),
    };
    for (const party of ['email:ana', 'loyalty:8']) {
      const found = customer(party, records, { knownAt: 3 });
      assert.deepEqual(found.refused, [{ ...refused, rule: 'one-per-person' }]);
      assert.equal(found.links.length, party === 'email:ana' ? 1 : 0);
    }
  });
});

describe('naive: timeline and versions', () => {
  it('is newest first by time and event, every version of everything, on one timeline only', () => {
    const facts = history(
      { type: 'chat.message', event: 'a', hour: 9, of: 'm', who: ana },
      { type: 'chat.message', event: 'c', hour: 9, of: 'm', who: ana },
      { type: 'chat.message', event: 'b', hour: 9, who: ['email:ana', 'device:d/device'] },
      { type: 'loyalty.scanned', event: 'd', hour: 8, who: ana, data: { channel: 'kiosk', odd: { x: 1 } } },
    );
    assert.deepEqual(events('email:ana', facts), ['c', 'b', 'a', 'd']);
    assert.deepEqual(card('email:ana', facts).counts, { chat: 3, kiosk: 1 });
    const [entry] = customer('email:ana', facts).timeline.slice(-1);
    assert.deepEqual(
      { ...entry, identifiers: [] },
      {
        event: 'd',
        source: '/test',
        id: 'id-d',
        interaction: 'i-d',
        type: 'loyalty.scanned',
        channel: 'kiosk',
        at: at(8),
        recordedAt: new Date(time(12) + 3).toISOString(),
        position: '4',
        direction: null,
        conversation: null,
        summary: null,
        party: 'email:ana',
        identifiers: [],
        extra: { odd: { x: 1 } },
      },
    );
  });

  it('takes the channel from the type where none is given', () => {
    const types = [
      'call.started',
      'visit.started',
      'purchase.voided',
      'web.viewed',
      'survey.answered',
      'a.b.c',
    ];
    const facts = history(
      ...types.map((type) => ({ type, who: ana, data: { visit: {}, survey: {}, channel: undefined } })),
    );
    assert.deepEqual(
      customer(
        'email:ana',
        facts.filter(({ type }) => type !== 'survey.answered'),
      ).timeline.map(({ channel }) => channel),
      ['a', 'web', 'store', 'store', 'phone'],
    );
  });

  it('lets the greatest version by sequence, time and event stand, under its own home', () => {
    const order = (total: string, more: Partial<Said> & { sequence?: number }): Said => ({
      type: 'purchase.completed',
      of: 'order',
      who: ana,
      ...more,
      data: {
        purchase: { currency: 'EUR', total },
        ...(more.sequence === undefined ? {} : { sequence: more.sequence }),
      },
    });
    assert.deepEqual(
      card('email:ana', history(order('1.00', { hour: 9 }), order('2.00', { hour: 10 }))).purchases.spend,
      { EUR: '2.00' },
    );
    assert.deepEqual(
      card('email:ana', history(order('1.00', { hour: 9, sequence: -1 }), order('2.00', { hour: 10 })))
        .purchases.spend,
      { EUR: '1.00' },
    );
    assert.deepEqual(
      card('email:ana', history(order('1', { event: 'b' }), order('2', { event: 'a' }))).purchases.spend,
      { EUR: '1' },
    );
    const moved = history(
      order('1.00', { sequence: 2, who: ['email:bob'], hour: 9 }),
      order('2.00', { sequence: 1, hour: 10 }),
      {
        type: 'purchase.returned',
        of: 'order',
        who: ana,
        data: { purchase: { currency: 'EUR', total: '0.5' } },
      },
    );
    assert.equal(card('email:ana', moved).purchases.orders, 0);
    assert.deepEqual(card('email:ana', moved).purchases.spend, { EUR: '-0.5' });
    assert.deepEqual(card('email:bob', moved).purchases.spend, { EUR: '1.00' });
    assert.deepEqual(card('email:ana', moved).counts, { store: 2 });
  });

  it('counts an event once, however often it comes', () => {
    const facts = history({ type: 'chat.message', who: ana, data: { facts: [{ slot: 'a', value: 1 }] } });
    const copy = { ...facts[0], position: 9 } as NaiveFact;
    assert.deepEqual(events('email:ana', [copy, ...facts]), ['e1']);
    assert.equal(customer('email:ana', [copy, ...facts]).timeline[0]?.position, '1');
  });

  it('holds no more than was known at a position and had happened at a time', () => {
    const facts = history(
      { type: 'chat.message', hour: 9, who: ana },
      { type: 'chat.message', hour: 11, who: ['email:ana', 'phone:1'] },
      { type: 'chat.message', hour: 8, who: ['phone:1'] },
    );
    assert.equal(card('phone:1', facts).id, 'phone:1');
    assert.deepEqual(card('email:ana', facts, { asOf: time(10) }).ids, ['email:ana']);
    assert.deepEqual(card('email:ana', facts, { knownAt: 2 }).ids, ['email:ana', 'phone:1']);
    assert.equal(replay(facts, { asOf: time(10), knownAt: 2 }).customerOf('phone:1'), undefined);
  });
});

describe('naive: card', () => {
  it('adds what was bought, exactly, in the greatest scale, less what was brought back', () => {
    const item = (category: string | undefined, quantity: number, price: string): object => ({
      category,
      quantity,
      price,
    });
    const buy = (type: string, currency: string, total: string, ...items: object[]): Said => ({
      type,
      who: ana,
      data: { purchase: { currency, total, items: JSON.parse(JSON.stringify(items)) } },
    });
    const facts = history(
      buy(
        'purchase.completed',
        'EUR',
        '0.1',
        item('shoes', 1, '19.90'),
        item('belts', 0.1, '10'),
        item(undefined, 5, '1'),
      ),
      buy('purchase.completed', 'EUR', '0.20', item('belts', 0.2, '0.5'), item('shoes', 2, '20.1')),
      buy('purchase.completed', 'JPY', '9007199254740993', item('茶', 1e21, '3')),
      buy('purchase.returned', 'EUR', '0.30', item('shoes', 3, '60.1'), item('coats', 1, '5.00')),
    );
    const { purchases } = card('email:ana', facts);
    assert.deepEqual(purchases.spend, { EUR: '0.00', JPY: '9007199254740993' });
    assert.deepEqual(purchases.categories, [
      { name: '茶', quantity: 1e21, spend: { JPY: '3000000000000000000000' } },
      { name: 'belts', quantity: 0.3, spend: { EUR: '1.1' } },
      { name: 'shoes', quantity: 0, spend: { EUR: '-120.20' } },
      { name: 'coats', quantity: -1, spend: { EUR: '-5.00' } },
    ]);
    assert.equal(purchases.orders, 3);
    assert.equal(purchases.returns, 1);
  });

  it('shows the latest twenty items of orders, the latest order first, each as it lists them', () => {
    const items = (from: number, n: number): object[] =>
      Array.from({ length: n }, (_, i) => ({ name: `n${from + i}`, quantity: 1, price: '1' }));
    const facts = history(
      {
        type: 'purchase.completed',
        event: 'b',
        hour: 9,
        who: ana,
        data: { purchase: { currency: 'EUR', total: '1', items: items(0, 15) } },
      },
      {
        type: 'purchase.completed',
        event: 'c',
        hour: 9,
        who: ana,
        data: { purchase: { currency: 'USD', total: '1', items: items(20, 8) } },
      },
      {
        type: 'purchase.returned',
        event: 'd',
        hour: 10,
        who: ana,
        data: { purchase: { currency: 'EUR', total: '1', items: items(40, 2) } },
      },
    );
    const names = card('email:ana', facts).purchases.items.map(({ name }) => name);
    assert.deepEqual(
      names,
      [...items(20, 8), ...items(0, 12)].map((i) => (i as { name: string }).name),
    );
    assert.deepEqual(card('email:ana', facts).purchases.items[0], {
      at: at(9),
      sku: null,
      name: 'n20',
      category: null,
      quantity: 1,
      price: '1',
      currency: 'USD',
    });
    assert.equal(card('email:ana', facts).purchases.last, at(9));
  });

  it('keeps of each slot what was told last, from every version', () => {
    const told = (event: string, hour: number, ...values: unknown[]): Said => ({
      type: 'chat.message',
      event,
      hour,
      of: 'm',
      who: ana,
      data: { facts: values.map((value) => ({ slot: 'size', value })) },
    });
    const facts = history(told('b', 9, 38), told('a', 9, 39), told('c', 8, 40), {
      type: 'walk.in',
      hour: 7,
      who: ana,
      data: { facts: [{ slot: '__proto__', value: null }] },
    });
    assert.deepEqual(card('email:ana', facts).facts['size'], { value: 38, at: at(9), source: '/test' });
    assert.deepEqual(Object.keys(card('email:ana', facts).facts), ['__proto__', 'size']);
    assert.deepEqual(card('email:ana', history(told('b', 9, 1, 2))).facts['size']?.value, 2);
  });

  it('keeps of each consent the latest word', () => {
    const word = (type: string, hour: number, consent: object): Said => ({
      type,
      hour,
      who: ana,
      data: { consent },
    });
    const { consents } = card(
      'email:ana',
      history(
        word('consent.given', 9, { purpose: 'news' }),
        word('consent.withdrawn', 8, { purpose: 'news' }),
        word('consent.withdrawn', 9, { purpose: 'news', channel: 'email' }),
      ),
    );
    assert.deepEqual(consents, {
      news: { given: true, at: at(9) },
      'news:email': { given: false, at: at(9) },
    });
  });

  it('means surveys exactly', () => {
    const answered = (metric: string, score: number, hour: number): Said => ({
      type: 'survey.answered',
      hour,
      who: ana,
      data: { survey: { metric, score } },
    });
    const { surveys } = card(
      'email:ana',
      history(answered('nps', 0.1, 9), answered('nps', 0.2, 8), answered('csat', 4, 8)),
    );
    assert.deepEqual(surveys, {
      csat: { last: 4, at: at(8), count: 1, mean: 4 },
      nps: { last: 0.1, at: at(9), count: 2, mean: 0.15 },
    });
  });

  it('shows the last five words on social, and counts posts and mentions', () => {
    const said = (type: string, hour: number): Said => ({
      type,
      hour,
      who: ana,
      data: { content: { text: `t${hour}` }, ...(hour === 3 ? {} : { social: { platform: 'x' } }) },
    });
    const { social } = card(
      'email:ana',
      history(
        said('social.post', 1),
        said('social.mention', 2),
        said('social.message', 3),
        said('social.post', 4),
        said('social.message', 5),
        said('social.post', 6),
      ),
    );
    assert.equal(social.mentions, 4);
    assert.deepEqual(
      social.latest.map(({ text }) => text),
      ['t6', 't5', 't4', 't3', 't2'],
    );
    assert.deepEqual(social.latest[3], { at: at(3), platform: null, text: 't3', url: null });
  });

  it('shows promises that are open, by due and id, and closes them whenever the word came', () => {
    const promise = (hour: number, ...promises: object[]): Said => ({
      type: 'note.written',
      hour,
      who: ana,
      data: { promises },
    });
    const facts = history(
      promise(
        9,
        { id: 'z' },
        { id: 'b', due: '2026-03-06T00:30:00+01:00' },
        { id: 'a', due: '2026-03-06' },
        { id: 'c', due: 'soon' },
      ),
      promise(10, { id: 'z', text: 'first' }, { id: 'z', text: 'call' }, { id: 'gone', due: '2026-03-01' }),
      promise(
        8,
        { id: 'z', text: 'older' },
        { id: 'd', due: '2026-02-30' },
        { id: 'e', due: '2026-03-05T23:30:00.000Z' },
      ),
      { type: 'promise.broken', hour: 7, who: ana, of: 'p', data: { promise: { id: 'gone' } } },
      { type: 'promise.kept', hour: 6, who: ['email:bob'], data: { promise: { id: 'a' } } },
    );
    assert.deepEqual(card('email:ana', facts).promises.open, [
      { id: 'b', text: null, due: '2026-03-06T00:30:00+01:00', at: at(9) },
      { id: 'e', text: null, due: '2026-03-05T23:30:00.000Z', at: at(8) },
      { id: 'a', text: null, due: '2026-03-06', at: at(9) },
      { id: 'c', text: null, due: 'soon', at: at(9) },
      { id: 'd', text: null, due: '2026-02-30', at: at(8) },
      { id: 'z', text: 'call', due: null, at: at(10) },
    ]);
  });

  it('knows who is in which store now', () => {
    const visit = (type: string, hour: number, of: string, store?: string): Said => ({
      type,
      hour,
      of,
      who: ana,
      data: { visit: { detector: 'tap' }, ...(store === undefined ? {} : { store }) },
    });
    const facts = history(
      visit('visit.started', 8, 'v1', 'regent-street'),
      visit('visit.started', 9, 'v2', 'soho'),
      visit('visit.ended', 10, 'v2', 'soho'),
      visit('visit.started', 30, 'v3', 'bond-street'),
    );
    assert.deepEqual(card('email:ana', facts, { now: time(12) }).visits, {
      count: 3,
      last: at(30),
      present: 'regent-street',
    });
    assert.equal(card('email:ana', facts, { asOf: time(9.5) }).visits.present, 'soho');
    assert.equal(card('email:ana', facts, { now: time(20) - 1 }).visits.present, 'regent-street');
    assert.equal(card('email:ana', facts, { now: time(20) }).visits.present, null);
    assert.equal(card('email:ana', history(visit('visit.started', 19, 'v'))).visits.present, null);
  });
});
