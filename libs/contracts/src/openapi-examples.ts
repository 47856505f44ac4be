import type { JsonObject } from '@threadline/domain/canonical-json';

/** One customer and what is known of her, as each call shows it: the examples of the documents. */

const CUSTOMER = '8c1fa2b3c4d5e6f708192a3b4c5d6e7f';
const STRANGER = '1d7c06e5f4a3b2918070615243a4b5c6';
const INTERACTION = '1f2e3d4c5b6a79880918273645546372';
const EVENT = '0b5c9d1e-7a3f-8c21-9d4e-5f60718293a4';

const event: JsonObject = {
  specversion: '1.0',
  id: 'm-1',
  source: '/email/care@maison.example',
  type: 'email.received',
  time: '2026-03-02T10:15:00Z',
  datacontenttype: 'application/json',
  data: {
    object: '<20260302101500.1@example.org>',
    conversation: 'thread-9',
    direction: 'inbound',
    brand: 'maison',
    store: 'regent-street',
    identifiers: [{ kind: 'email', value: 'ana@example.org', strength: 'claimed', name: 'Ana Ruiz' }],
    content: { subject: 'My coat', text: 'The zip broke again.', language: 'en' },
    facts: [{ slot: 'size.coat', value: '38' }],
    promises: [{ id: 'p1', text: 'call back', due: '2026-03-06' }],
  },
};

const purchase: JsonObject = {
  specversion: '1.0',
  id: 'till-7-4711',
  source: '/store/regent-street/till-7',
  type: 'purchase.completed',
  time: '2026-03-01T15:40:00Z',
  data: {
    object: 'order-4711',
    store: 'regent-street',
    identifiers: [
      { kind: 'loyalty', value: 'M-20417' },
      { kind: 'email', value: 'ana@example.org' },
    ],
    purchase: {
      order: '4711',
      currency: 'GBP',
      total: '129.00',
      items: [{ sku: 'SC-38', name: 'Scarf', category: 'accessories', quantity: 1, price: '129.00' }],
    },
  },
};

/** Of which the total is wrong. */
const refused: JsonObject = {
  ...purchase,
  data: {
    ...(purchase['data'] as JsonObject),
    purchase: { order: '4711', currency: 'GBP', total: '129,00' },
  },
};

const identifiers = [
  { kind: 'loyalty', value: 'M-20417', strength: 'verified' },
  { kind: 'email', value: 'ana@example.org', strength: 'claimed' },
];

const card: JsonObject = {
  id: CUSTOMER,
  ids: [CUSTOMER],
  name: 'Ana Ruiz',
  identifiers,
  totals: { ids: 1, identifiers: 2 },
  firstSeen: '2026-03-01T15:40:00.000Z',
  lastSeen: '2026-03-02T10:15:00.000Z',
  counts: { store: 1, email: 1 },
  purchases: {
    orders: 1,
    returns: 0,
    spend: { GBP: '129.00' },
    last: '2026-03-01T15:40:00.000Z',
    categories: [{ name: 'accessories', quantity: 1, spend: { GBP: '129.00' } }],
    items: [
      {
        at: '2026-03-01T15:40:00.000Z',
        sku: 'SC-38',
        name: 'Scarf',
        category: 'accessories',
        quantity: 1,
        price: '129.00',
        currency: 'GBP',
      },
    ],
  },
  facts: {
    'size.coat': { value: '38', at: '2026-03-02T10:15:00.000Z', source: '/email/care@maison.example' },
  },
  consents: {},
  surveys: {},
  social: { mentions: 0, latest: [] },
  promises: { open: [{ id: 'p1', text: 'call back', due: '2026-03-06', at: '2026-03-02T10:15:00.000Z' }] },
  visits: { count: 0, last: null, present: null },
  profile: {},
};

const entry: JsonObject = {
  event: EVENT,
  source: '/email/care@maison.example',
  id: 'm-1',
  interaction: INTERACTION,
  type: 'email.received',
  channel: 'email',
  at: '2026-03-02T10:15:00.000Z',
  recordedAt: '2026-03-02T10:15:01.204Z',
  position: '1204',
  direction: 'inbound',
  conversation: 'thread-9',
  summary: 'My coat',
  party: CUSTOMER,
  object: '<20260302101500.1@example.org>',
  brand: 'maison',
  store: 'regent-street',
  content: { subject: 'My coat', text: 'The zip broke again.', language: 'en' },
};

const link: JsonObject = {
  a: CUSTOMER,
  b: '00ff11ee22dd33cc44bb55aa66997788',
  event: EVENT,
  rule: 'named-together',
  strength: 'claimed',
  at: '2026-03-01T15:40:00.000Z',
};

const found: JsonObject = {
  id: CUSTOMER,
  name: 'Ana Ruiz',
  identifiers,
  lastSeen: '2026-03-02T10:15:00.000Z',
  matched: { in: 'name', text: 'Ana Ruiz' },
};

const parked: JsonObject = {
  interaction: INTERACTION,
  position: '1204',
  event: EVENT,
  type: 'email.received',
  reason: 'this event was stored in version 9, which this code does not know',
  parkedAt: '2026-03-02T10:15:01.300Z',
  events: 2,
  models: ['customers'],
};

const key: JsonObject = {
  id: '4f0c2d6e8a1b3c5d7e9f0a1b2c3d4e5f',
  label: 'tablet, Regent Street',
  scopes: ['read'],
  createdAt: '2026-03-02T09:00:00.000Z',
  revokedAt: null,
};

const decision: JsonObject = {
  specversion: '1.0',
  id: '5d0f3a52-3c1e-4d7c-9f6a-1b2c3d4e5f60',
  source: '/threadline/identity',
  type: 'identity.unlinked',
  time: '2026-03-03T09:30:00.000Z',
  datacontenttype: 'application/json',
  data: {
    parties: [{ kind: 'email', value: 'family@example.org' }],
    rest: [{ kind: 'loyalty', value: 'M-20417' }],
    reason: 'the family shares this address',
    by: { key: key['id'] ?? '', label: 'tablet, Regent Street', staff: { id: 'a-7', name: 'Kofi' } },
  },
};

export const examples = {
  event,
  decision,
  linkRequest: {
    parties: [
      { kind: 'loyalty', value: 'M-20417' },
      { kind: 'email', value: 'Ana@Example.org' },
    ],
    reason: 'she showed her card',
    staff: { id: 'a-7', name: 'Kofi' },
  },
  unlinkRequest: {
    parties: [{ kind: 'email', value: 'family@example.org' }],
    reason: 'the family shares this address',
  },
  decided: { event: EVENT, position: '1207' },
  notParted: {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    detail: 'the parties are not all of one customer',
    code: 'several-customers',
    problems: [{ path: '/parties/1', message: 'is of another customer than the first' }],
  },
  batch: [event, purchase],
  refused,
  accepted: { accepted: 1, duplicates: 0, rejected: [], position: '1204' },
  rejection: {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'no event was acceptable',
    code: 'rejected',
    rejected: [
      {
        index: 0,
        id: 'm-1',
        problems: [{ path: '/data/purchase/total', message: 'must be an exact decimal' }],
      },
    ],
  },
  brokerUnavailable: {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'the broker does not answer: what was sent may or may not have been taken, and may be sent again',
    code: 'broker-unavailable',
  },
  invalid: {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'limit must be a whole number from 1 to 200',
    code: 'invalid-request',
    problems: [{ parameter: 'limit', message: 'must be a whole number from 1 to 200' }],
  },
  card,
  timeline: { entries: [entry], next: null },
  identity: {
    id: CUSTOMER,
    parties: [{ id: CUSTOMER, kind: 'loyalty', value: 'M-20417', strength: 'verified', events: 2 }],
    links: [link],
    refused: [
      {
        ...link,
        rule: 'one-per-person',
        because: 'loyalty',
        joins: { customer: 'b7e23ec29af22b0b4e41da31e868d572', parties: 3 },
      },
    ],
    related: [
      {
        via: { id: '3a6eb0790f39ac87c94f3856b2dd2c5d', kind: 'phone', value: '+442071234567' },
        customers: [{ id: 'b7e23ec29af22b0b4e41da31e868d572', name: 'Ben Ruiz' }],
      },
    ],
    next: null,
  },
  reviews: {
    reviews: [
      {
        event: EVENT,
        rule: 'same-event',
        strength: 'claimed',
        at: '2026-03-02T10:15:00.000Z',
        sides: [
          {
            party: { id: CUSTOMER, kind: 'loyalty', value: 'M-20417' },
            customer: CUSTOMER,
            parties: 1204,
            events: 5310,
          },
          {
            party: { id: 'b7e23ec29af22b0b4e41da31e868d572', kind: 'email', value: 'desk@hotel.example' },
            customer: 'b7e23ec29af22b0b4e41da31e868d572',
            parties: 2310,
            events: 40112,
          },
        ],
      },
    ],
    next: null,
  },
  suggestions: {
    suggestions: [
      {
        parties: [
          { id: CUSTOMER, kind: 'loyalty', value: 'M-20417' },
          { id: STRANGER, kind: 'email', value: 'a.ruiz@example.org' },
        ],
        customers: [CUSTOMER, STRANGER],
        score: 0.9981,
        reasons: [
          { field: 'birthday', how: 'same', weight: 13.71, values: ['19840309', '19840309'] },
          { field: 'family name', how: 'a typing slip apart', weight: 6.2, values: ['ruiz', 'riuz'] },
          { field: 'given name', how: 'same', weight: 5.9, values: ['ana', 'ana'] },
        ],
      },
    ],
    next: null,
  },
  search: { customers: [found], next: null },
  log: {
    events: [
      {
        ...event,
        threadlineposition: '1204',
        threadlinerecordedat: '2026-03-02T10:15:01.204Z',
        threadlineevent: EVENT,
      },
    ],
    next: '1204',
  },
  parked: { parked: [parked] },
  keys: { keys: [key] },
  keyRequest: { scopes: ['read'], label: 'tablet, Regent Street' },
  newKey: {
    id: '4f0c2d6e8a1b3c5d7e9f0a1b2c3d4e5f',
    key: 'pQ7mXw2v0nJ4rT9yB6kLc1sDzHfGaE3uVoIiWqRtYxU',
    label: 'tablet, Regent Street',
    scopes: ['read'],
    position: '1205',
  },
  live: {
    event: EVENT,
    source: '/email/care@maison.example',
    interaction: INTERACTION,
    type: 'email.received',
    channel: 'email',
    at: '2026-03-02T10:15:00.000Z',
    recordedAt: '2026-03-02T10:15:01.204Z',
    position: '1204',
    direction: 'inbound',
    customer: CUSTOMER,
    store: 'regent-street',
    brand: 'maison',
  },
  visit: {
    event: EVENT,
    source: '/door/regent-street',
    interaction: INTERACTION,
    type: 'visit.started',
    channel: 'store',
    at: '2026-03-02T11:00:00.000Z',
    recordedAt: '2026-03-02T11:00:00.090Z',
    position: '1206',
    direction: null,
    customer: CUSTOMER,
    store: 'regent-street',
    state: 'started',
    detector: 'tap',
    zone: 'entrance',
  },
  redriven: { interaction: INTERACTION, redriven: 2, parked: false },
  changed: { id: CUSTOMER, position: '1204' },
} satisfies Record<string, JsonObject | JsonObject[]>;

/** Ids of the examples, for the parameters of paths. */
export const exampleIds = {
  customer: CUSTOMER,
  interaction: INTERACTION,
  key: '4f0c2d6e8a1b3c5d7e9f0a1b2c3d4e5f',
};
