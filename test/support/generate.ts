import fc from 'fast-check';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { dataOf, often, TYPES } from './generate-data.js';
import { decided, type Meaning } from './generate-decisions.js';
import { circles, cookie, identifiers, type Named } from './people.js';

/** An event as it is sent, beside what the contract makes of its time and of whom it names. */
export interface Sent extends Meaning {
  readonly cloudEvent: CloudEventJson;
  /** Business time, milliseconds. */
  readonly at: number;
  /** Normalised, with their strengths, in the order of `data.identifiers`. */
  readonly identifiers: readonly Named['kept'][];
}

/** The hour that most histories turn about. */
export const NOON = Date.UTC(2026, 2, 2, 12);

const HOUR = 3_600_000;

/** When events arrive: the business time of those that say none. */
export const ARRIVAL = NOON + HOUR;

/** Few, so that many events have the same one; some far away, one before 1970, one not come yet. */
const times = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -3, max: 3 }).map((hours) => NOON + hours * HOUR) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }).map((ms) => NOON + ms) },
  { weight: 2, arbitrary: fc.constantFrom(NOON - 13 * HOUR, NOON - 12 * HOUR, NOON + 14 * HOUR) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Date.UTC(1969, 11, 31, 23, 59, 59, 999),
      0,
      Date.UTC(2019, 0, 1),
      Date.UTC(2199, 0, 1),
    ),
  },
);

/** The same instant as different adapters write it. */
const SPELLINGS: readonly ((at: number) => string)[] = [
  (at) => new Date(at).toISOString(),
  (at) => new Date(at).toISOString().replace('.000Z', 'Z'),
  (at) => `${new Date(at + 2 * HOUR).toISOString().slice(0, -1)}+02:00`,
  (at) => `${new Date(at - 3.5 * HOUR).toISOString().slice(0, -1)}-03:30`,
];

const SOURCES = ['/email/care@maison.example', '/pos/regent-street', 'urn:vendor:chat'];

/** Vendors' ids of things. Some are also the id of another event: that one's own thing is meant then. */
const OBJECTS = ['object-0001', 'object-0002', 'object-0003', 'message-0000', 'message-0001'];

const envelope = fc.record({
  source: fc.oneof(
    { weight: 3, arbitrary: fc.constant(SOURCES[0] ?? '') },
    { weight: 2, arbitrary: fc.constantFrom(...SOURCES) },
  ),
  object: often(6, fc.constantFrom(...OBJECTS)),
  sequence: often(5, fc.constantFrom(-1, 0, 1, 2, 1.5)),
  at: times,
  spelling: often(9, fc.constantFrom(...SPELLINGS)),
  who: identifiers,
  /** An event that names nobody says so by an empty list, or not at all. */
  listed: fc.boolean(),
  /** It has an envelope, perhaps identifiers, and nothing else. */
  bare: often(1, fc.constant(true)),
});

type Envelope = typeof envelope extends fc.Arbitrary<infer E> ? E : never;

function sentAs(id: string, type: string, data: JsonObject, more: Envelope): Sent {
  const { source, object, sequence, at, spelling, who, listed } = more;
  const country = who.find((one) => one.country !== undefined)?.country;
  const common: [string, Json | undefined][] = [
    ['object', object],
    ['sequence', sequence],
    ['country', country],
    ['identifiers', who.length > 0 || listed ? who.map(({ sent }) => sent) : undefined],
  ];
  for (const [name, value] of common) if (value !== undefined) data[name] = value;
  // Plain objects, as a parser would make them.
  const plain = JSON.parse(JSON.stringify(data)) as JsonObject;
  const cloudEvent: CloudEventJson = {
    specversion: '1.0',
    id,
    source,
    type,
    ...(spelling && { time: spelling(at) }),
    ...(Object.keys(plain).length > 0 && { data: plain }),
  };
  return { cloudEvent, at: spelling ? at : ARRIVAL, identifiers: who.map(({ kept }) => kept) };
}

type Draft = [type: string, data: JsonObject, more: Envelope, meaning?: Meaning];

const draftOf = (types: readonly string[]): fc.Arbitrary<Draft> =>
  fc.constantFrom(...types).chain((type) => fc.tuple(fc.constant(type), dataOf(type), envelope));

/** What people decide, and by which rules: it names nobody as an interaction does. */
const decisionOf = (circle: readonly Named[]): fc.Arbitrary<Draft> =>
  fc
    .tuple(decided(circle), envelope)
    .map(([{ type, data, meaning }, more]) => [type, data, { ...more, who: [], listed: false }, meaning]);

interface Size {
  readonly min?: number;
  readonly max?: number;
  /** With people's decisions on identity, and other rules now and then. */
  readonly decided?: boolean;
}

/** Of any types, or of a few, so that what one of them does to another is seen. */
const drafts = (minLength: number, maxLength: number, isDecided = false): fc.Arbitrary<Draft[]> =>
  fc
    .tuple(
      fc.oneof(fc.constant(TYPES), fc.shuffledSubarray([...TYPES], { minLength: 2, maxLength: 6 })),
      circles,
    )
    .map(([types, circle]) =>
      fc.oneof(
        { weight: 4, arbitrary: draftOf(types) },
        { weight: isDecided ? 1 : 0, arbitrary: decisionOf(circle) },
      ),
    )
    .chain((draft) => fc.array(draft, { minLength, maxLength, size: 'max' }));

/** Each source numbers what it sends: two sources use the same ids, and no source uses one twice. */
function numbered(list: readonly Draft[]): Sent[] {
  const counts = new Map<string, number>();
  return list.map(([type, data, more, meaning]) => {
    const number = counts.get(more.source) ?? 0;
    counts.set(more.source, number + 1);
    const id = `message-${String(number).padStart(4, '0')}`;
    return { ...sentAs(id, type, more.bare && BARE.test(type) ? {} : { ...data }, more), ...meaning };
  });
}

/** Types that need not say anything. */
const BARE = /^(email|chat|note|call|web|social|loyalty)\./;

/** A history over the whole catalogue, in the order in which it is sent. */
export const histories = (size: Size = {}): fc.Arbitrary<Sent[]> =>
  drafts(size.min ?? 1, size.max ?? 24, size.decided).map(numbered);

/** Beside a history, a customer of more parties than a read model combines anew for every read. */
export const crowds: fc.Arbitrary<Sent[]> = fc
  .tuple(drafts(0, 8), drafts(34, 38), fc.boolean())
  .map(([others, many, joinedFirst]) => {
    const alone = many.map(([type, data, more], index): Draft => [
      type,
      data,
      { ...more, who: [cookie(index)] },
    ]);
    const joins: Draft[] = many.slice(0, 3).map(([, , more], third) => {
      const cookies = many.flatMap((_, index) => (index % 3 === third ? [cookie(index)] : []));
      return ['chat.typing', {}, { ...more, object: undefined, who: [cookie(third + 1), ...cookies] }];
    });
    return numbered(joinedFirst ? [...joins, ...others, ...alone] : [...alone, ...others, ...joins]);
  });

/**
 * The same events in another order, some of them twice or three times; but rules in theirs: those that came last are in
 * force.
 */
export const reorderings = (sent: readonly Sent[]): fc.Arbitrary<Sent[]> =>
  fc
    .array(fc.constantFrom(...sent), { maxLength: sent.length >> 1, size: 'max' })
    .chain((again) => fc.shuffledSubarray([...sent, ...again], { minLength: sent.length + again.length }))
    .map((shuffled) => {
      const isRuled = ({ ruled }: Sent): boolean => ruled !== undefined;
      const rulings = shuffled.filter(isRuled).sort((a, b) => sent.indexOf(a) - sent.indexOf(b));
      return shuffled.map((one) => (isRuled(one) ? (rulings.shift() ?? one) : one));
    });
