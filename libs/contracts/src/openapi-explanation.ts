import type { JsonObject } from '@threadline/domain/canonical-json';
import { choice, count, list, map, object, orNull, ref, text, time } from './openapi-shapes.js';

const amount = text('An exact decimal; a return is below zero', { pattern: '^-?\\d+(\\.\\d+)?$' });

const sourceMembers: Record<string, JsonObject> = {
  event: text('Our id of the event, as on the timeline', { format: 'uuid' }),
  type: text(),
  source: text('The adapter’s'),
  id: orNull(text('The adapter’s; null where the event is forgotten')),
  at: time(),
  forgotten: { const: true, description: 'The key is gone: it happened, and that is all that is left of it' },
};

/** An event that a value came from, with more of it. */
const source = (more: Record<string, JsonObject> = {}, description?: string): JsonObject =>
  object(
    { ...sourceMembers, ...more },
    { optional: ['forgotten'], ...(description !== undefined && { description }) },
  );

const overruledList = {
  overruled: list(ref('Overruled'), 'The latest 5, latest first'),
  more: count('How many more there are'),
};

const tally = (part: JsonObject, description: string): JsonObject =>
  object(
    {
      events: count('How many events it is made of'),
      latest: list(part, 'The latest of them, latest first: at most 5'),
    },
    { description },
  );
const reasons = (description: string): JsonObject => map(ref('Reason'), description);

const EVENT = '0b5c9d1e-7a3f-8c21-9d4e-5f60718293a4';
const mail: JsonObject = {
  event: EVENT,
  type: 'email.received',
  source: '/email/care@maison.example',
  id: 'm-1',
  at: '2026-03-02T10:15:00.000Z',
};
const order: JsonObject = {
  event: '7d2f60a1-4be8-8f03-a1c5-92d3e4f50617',
  type: 'purchase.completed',
  source: '/store/regent-street/till-7',
  id: 'till-7-4711',
  at: '2026-03-01T15:40:00.000Z',
};
const nothingOverruled: JsonObject = { overruled: [], more: 0 };
const ofOrder: JsonObject = { events: 1, latest: [order] };
const none: JsonObject = { events: 0, latest: [] };

/** What explains the card of the examples. */
export const explanation: JsonObject = {
  name: { ...mail, ...nothingOverruled },
  identifiers: [order, mail],
  firstSeen: order,
  lastSeen: mail,
  counts: { email: { events: 1, latest: [mail] }, store: ofOrder },
  purchases: {
    orders: ofOrder,
    returns: none,
    spend: { GBP: { events: 1, latest: [{ ...order, value: '129.00' }] } },
    last: order,
    categories: [ofOrder],
    items: [order],
    overruled: [
      {
        value: { currency: 'GBP', total: '149.00' },
        rule: 'newer-version',
        ...order,
        event: '2c91b7d4-05ea-8d6f-b2f8-130a4c5d6e7f',
        id: 'till-7-4711-draft',
        at: '2026-03-01T15:38:00.000Z',
      },
    ],
    more: 0,
  },
  facts: {
    'size.coat': {
      ...mail,
      overruled: [
        {
          value: '36',
          rule: 'later',
          event: '9e07c3f2-61bd-8a94-8c3d-7b6a59483726',
          type: 'chat.message',
          source: '/chat/web',
          id: 'c-12',
          at: '2025-11-20T16:02:00.000Z',
        },
      ],
      more: 0,
    },
  },
  consents: {},
  surveys: {},
  social: { mentions: none, latest: [], ...nothingOverruled },
  promises: { open: [{ ...mail, ...nothingOverruled }], closed: [], more: 0 },
  visits: { count: none, last: null, present: null, ...nothingOverruled },
  profile: {},
};

export const explanationSchemas: Record<string, JsonObject> = {
  Source: source({}, 'An event that a value came from'),
  Overruled: source({
    value: { description: 'What it said; null where that is forgotten' },
    rule: choice(
      ['later', 'same-event', 'newer-version', 'stated', 'forgotten'],
      'Why it does not stand. later: a later statement does; same-event: another one of the same event does; ' +
        'newer-version: a newer version of its own interaction does; stated: a name that a profile states goes before ' +
        'one that came with an identifier; forgotten: nothing is left of what it said',
    ),
  }),
  Reason: source(overruledList, 'The event that a value came from, and what it overruled'),
  Explanation: {
    ...object({
      name: orNull(ref('Reason')),
      identifiers: list(
        orNull(ref('Source')),
        'The first event that shows the greatest strength; null where only people’s decisions name it',
      ),
      firstSeen: orNull(ref('Source')),
      lastSeen: orNull(ref('Source')),
      counts: map(tally(ref('Source'), 'Timeline entries'), 'By channel'),
      purchases: object({
        orders: tally(ref('Source'), 'Orders'),
        returns: tally(ref('Source'), 'Returns'),
        spend: map(tally(source({ value: amount }), 'Orders and returns'), 'By currency'),
        last: orNull(ref('Source')),
        categories: list(tally(ref('Source'), 'Orders and returns that have such an item')),
        items: list(ref('Source')),
        ...overruledList,
      }),
      facts: reasons('By slot'),
      consents: reasons('By purpose, or purpose:channel'),
      surveys: map(
        source({ ...overruledList, events: count('How many answers are in the mean') }, 'Of the last answer'),
        'By metric',
      ),
      social: object({
        mentions: tally(ref('Source'), 'Posts and mentions'),
        latest: list(ref('Source')),
        ...overruledList,
      }),
      promises: object({
        open: list(ref('Reason')),
        closed: list(
          object({
            id: orNull(text()),
            text: orNull(text()),
            made: ref('Source'),
            closed: ref('Source'),
          }),
          'Kept or broken: the latest 5',
        ),
        more: count('How many more were kept or broken'),
      }),
      visits: object({
        count: tally(ref('Source'), 'Visits'),
        last: orNull(ref('Source')),
        present: orNull(ref('Source')),
        ...overruledList,
      }),
      profile: reasons('By field'),
    }),
    description:
      'By the paths of the card: the event of each value and what it overruled; of a list, the members in the same order',
    examples: [explanation],
  },
};
