import fc from 'fast-check';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';

/** Everything in the catalogue, and types that are not in it, some with parts that another type would call its own. */
export const TYPES: readonly string[] = [
  'email.received',
  'email.sent',
  'email.bounced',
  'chat.message',
  'chat.message',
  'social.post',
  'social.post',
  'social.mention',
  'social.message',
  'call.started',
  'call.ended',
  'call.transcribed',
  'visit.started',
  'visit.started',
  'visit.ended',
  'purchase.completed',
  'purchase.completed',
  'purchase.completed',
  'purchase.returned',
  'survey.answered',
  'survey.answered',
  'web.viewed',
  'web.tracked',
  'profile.stated',
  'profile.stated',
  'consent.given',
  'consent.withdrawn',
  'note.written',
  'promise.kept',
  'promise.broken',
  'loyalty.scanned',
  'chat.typing',
  'purchase.voided',
  'call.back.asked',
];

/** Said by people. Long enough to be found where it lies in clear. */
const TEXTS = [
  'The zip of my coat broke again',
  '\u6211\u7684\u5916\u5957\u62c9\u94fe\u53c8\u574f\u4e86',
  'Merci \ud83d\ude4f beaucoup, c\u2019est parfait',
  'I was told 3 days; it took 30.',
];
const PLACES = ['12 rue des Quatre-Vents', '\u5317\u4eac\u5e02\u671d\u9633\u533a\u5efa\u56fd\u8def'];

export const PERSONAL_TEXTS: readonly string[] = [
  ...TEXTS,
  ...PLACES,
  'call Ana back about the coat',
  'staff-kofi-anan',
];

/** In so many of ten cases. */
export const often = <T>(tenths: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: tenths, arbitrary }, { weight: 10 - tenths, arbitrary: fc.constant(undefined) });

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Members that may be there or not; `__proto__` is an own member like any other. */
function optional(members: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> {
  return fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}

const SLOTS = ['size.shoe', 'drink.morning', 'contact.style', 'constructor', '__proto__'];

const fact = fc.record({
  slot: pick(...SLOTS),
  value: fc.oneof(pick<Json>(38, '38', 'tea', true, 0.1), pick<Json>(...TEXTS, ['tea', 'milk'], { eu: 38 })),
}) as fc.Arbitrary<JsonObject>;

const DUES = [
  '2026-03-06',
  '2026-03-06T00:30:00+01:00',
  '2026-03-05T23:30:00Z',
  '2026-03-06T00:00:00.000Z',
  'next week',
  '2026-02-30',
];
const PROMISES = ['promise-0001', 'promise-0002', 'promise-\ud83d\ude00-3', 'promise-\uff01-4'];

const promise = fc.record(
  { id: pick(...PROMISES), text: pick('call Ana back about the coat', ...TEXTS), due: pick(...DUES) },
  { requiredKeys: ['id'] },
) as fc.Arbitrary<JsonObject>;

const content = optional({
  subject: pick(...TEXTS),
  text: pick(...TEXTS),
  language: pick('en', 'zh'),
  html: pick('<p>The zip of my coat broke again</p>'),
});

/** What every type can have besides its identifiers. */
const common = fc
  .tuple(
    often(
      5,
      optional({
        conversation: pick('conversation-0001', 'conversation-0002'),
        direction: pick('inbound', 'outbound', 'internal'),
        brand: pick('maison', 'atelier'),
      }),
    ),
    often(2, fc.record({ channel: pick('vip', 'chat', 'constructor') })),
    often(5, fc.record({ store: pick('regent-street', 'soho', '\u6d66\u4e1c') })),
    often(4, fc.record({ facts: fc.array(fact, { maxLength: 3 }) })),
    often(4, fc.record({ promises: fc.array(promise, { maxLength: 2 }) })),
    often(2, fc.record({ asks: fc.array(pick(...SLOTS), { maxLength: 2 }) })),
    often(5, fc.record({ content })),
    often(
      2,
      optional({
        staff: fc.constant({ id: 'a-7', name: 'staff-kofi-anan' }),
        participants: fc.constant([{ kind: 'email', value: 'care@maison.example' }] as Json),
      }),
    ),
  )
  .map((parts) => Object.assign({}, ...parts) as JsonObject);

const AMOUNTS = [
  '12.50',
  '7',
  '0.5',
  '-3.25',
  '100.000',
  '0',
  '0.10',
  '19.99',
  '-0.00',
  '007.5',
  '9007199254740993.01',
];

const item = fc.record(
  {
    quantity: pick(1, 2, 3, 0.5, 0.1, 0.2, -1, 0, 1000, 1e-7, 1e21),
    price: pick(...AMOUNTS),
    sku: pick('sku-1', 'sku-2'),
    name: pick('Trench coat, honey', '\u98ce\u8863\u5927\u8863'),
    category: pick('shoes', 'bags', '\u8336', '\ud83d\ude00', '\uff46', '__proto__'),
  },
  { requiredKeys: ['quantity', 'price'] },
) as fc.Arbitrary<JsonObject>;

const purchase = fc.record(
  {
    currency: fc.oneof(
      { weight: 4, arbitrary: pick('EUR') },
      { weight: 2, arbitrary: pick('USD', 'JPY', '__proto__') },
    ),
    total: pick(...AMOUNTS),
    order: pick('order-number-0001', 'order-number-0002'),
    items: fc.oneof(
      { weight: 9, arbitrary: fc.array(item, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(item, { minLength: 18, maxLength: 24 }) },
    ),
  },
  { requiredKeys: ['currency', 'total'] },
);

const visit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      { detector: pick('tap', 'qr', 'beacon', 'associate'), zone: pick('door', 'shoes') },
      { requiredKeys: ['detector'] },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ detector: 'vision', consent: 'consent-0001' }) },
);

const social = optional({
  platform: pick('instagram', 'weibo'),
  url: pick('https://social.example/post/0001', 'https://social.example/post/0002'),
  sentiment: pick<Json>(0.5, 'glad'),
  inReplyTo: pick('post-0000'),
});
const call = optional({
  from: pick('+442079460018'),
  durationSeconds: pick(12, 0.5),
  outcome: pick('answered'),
  transcript: fc.array(optional({ speaker: pick('agent'), text: pick(...TEXTS) }), { maxLength: 2 }),
});
const web = optional({
  url: pick('https://maison.example/coats'),
  title: pick('Coats'),
  event: pick('added'),
  properties: fc.constant({ size: 38 }),
});
const profile = optional({
  name: pick('Ana Quixote', '\u738b\u5c0f\u660e\u5148\u751f', ''),
  birthday: pick('1990-02-03'),
  address: pick(...PLACES),
  language: pick('en', 'zh'),
  pets: fc.constant(['cat']),
  constructor: pick('Quatre-Vents & fils'),
});
const survey = fc.record(
  {
    metric: pick('nps', 'csat', 'ces'),
    score: pick(0, 3, 9, 10, 0.1, 0.2, 8.7, -1),
    comment: pick(...TEXTS),
  },
  { requiredKeys: ['metric', 'score'] },
);
const consent = fc.record(
  {
    purpose: pick('news', 'news:email', 'profiling', 'constructor'),
    channel: pick('email', 'phone'),
    proof: pick('proof-0001'),
  },
  { requiredKeys: ['purpose'] },
);
const kept = fc.record({ id: pick(...PROMISES) });
const odd = fc.record(
  {
    'x-ray': pick<Json>(1, 'kept as it is', { deep: [null, false] }),
    purchase: fc.constant({ currency: 'EUR', total: '1.00' }),
  },
  { requiredKeys: [] },
);

/** What a parser makes of a member that no literal can have. */
const POISON = JSON.parse('{"__proto__": "Quatre-Vents & fils"}') as JsonObject;

const wrapped = (name: string, part: fc.Arbitrary<unknown>): fc.Arbitrary<JsonObject> =>
  part.map((value) => ({ [name]: value }) as JsonObject);

/** The part of its own that a type needs or may have. */
const OWN: Readonly<Record<string, fc.Arbitrary<JsonObject>>> = {
  social: fc.oneof(
    { weight: 4, arbitrary: wrapped('social', social) },
    { weight: 1, arbitrary: fc.constant({}) },
  ),
  call: fc.oneof(wrapped('call', call), fc.constant({})),
  visit: wrapped('visit', visit),
  purchase: wrapped('purchase', purchase),
  survey: wrapped('survey', survey),
  web: fc.oneof(wrapped('web', web), fc.constant({})),
  profile: wrapped(
    'profile',
    fc.oneof({ weight: 9, arbitrary: profile }, { weight: 1, arbitrary: fc.constant(POISON) }),
  ),
  consent: wrapped('consent', consent),
  promise: wrapped('promise', kept),
};

const CATALOGUED =
  /^(social\.(post|mention|message)|call\.(started|ended|transcribed)|visit\.(started|ended)|purchase\.(completed|returned)|survey\.answered|web\.(viewed|tracked)|profile\.stated|consent\.(given|withdrawn)|promise\.(kept|broken))$/;

/** `data` of an event of that type, but for `identifiers`, `object`, `sequence` and `country`. */
export function dataOf(type: string): fc.Arbitrary<JsonObject> {
  const own = CATALOGUED.test(type) ? (OWN[type.split('.', 1)[0] ?? ''] ?? fc.constant({})) : fc.constant({});
  // A visit refuses what it does not know; a type that is not in the catalogue takes anything.
  const unknown = CATALOGUED.test(type) || /^(email|note)/.test(type) ? fc.constant({}) : odd;
  return fc
    .tuple(common, own, unknown)
    .map((parts) => Object.assign({}, ...parts.filter(Boolean)) as JsonObject);
}
