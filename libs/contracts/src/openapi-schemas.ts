import { CATALOGUE } from '@threadline/domain/event-catalogue';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { STRENGTHS } from '@threadline/domain/identifier';
import { explanationSchemas } from './openapi-explanation.js';
import { choice, count, id, list, map, object, orNull, position, ref, text, time } from './openapi-shapes.js';
import { LONGEST_REASON, MOST_PARTIES } from './decision-bodies.js';
import { KEY_SCOPES } from './read-keys.js';

const amounts = map(
  text('An exact decimal, with the scale it came with', { pattern: '^-?\\d+(\\.\\d+)?$' }),
  'By currency',
);
const strength = choice(STRENGTHS, 'How sure the channel is that the identifier is the customer’s own');
const identifier = object({ kind: text('The namespace'), value: text('Normalised'), strength });

const card = object(
  {
    id: id('The party that was first seen'),
    ids: list(id('An id that answers with this customer'), 'At most 1,000 of them; the rest: /identity'),
    name: orNull(text()),
    identifiers: list(
      identifier,
      'At most 1,000 of them, each with the greatest strength seen; the rest: /identity',
    ),
    totals: object({ ids: count(), identifiers: count() }),
    firstSeen: orNull(time()),
    lastSeen: orNull(time()),
    counts: map(count(), 'Timeline entries by channel'),
    purchases: object({
      orders: count(),
      returns: count(),
      spend: amounts,
      last: orNull(time('Of the latest order')),
      categories: list(object({ name: text(), quantity: { type: 'number' }, spend: amounts })),
      items: list(
        object({
          at: time(),
          sku: orNull(text()),
          name: orNull(text()),
          category: orNull(text()),
          quantity: { type: 'number' },
          price: text('Of one piece, an exact decimal'),
          currency: text(),
        }),
        'The latest 20',
      ),
    }),
    facts: map(object({ value: {}, at: time(), source: text() }), 'By slot'),
    consents: map(object({ given: { type: 'boolean' }, at: time() }), 'By purpose, or purpose:channel'),
    surveys: map(
      object({ last: { type: 'number' }, at: time(), count: count(), mean: { type: 'number' } }),
      'By metric',
    ),
    social: object({
      mentions: count('Posts and mentions'),
      latest: list(
        object({ at: time(), platform: orNull(text()), text: orNull(text()), url: orNull(text()) }),
        'The latest 5',
      ),
    }),
    promises: object({
      open: list(object({ id: text(), text: orNull(text()), due: orNull(text('As it came')), at: time() })),
    }),
    visits: object({
      count: count(),
      last: orNull(time()),
      present: orNull(text('The store of a visit that goes on')),
    }),
    profile: map({}, 'Each field of profile.stated, the latest value'),
    explain: ref('Explanation'),
  },
  { optional: ['explain'] },
);

const OWN_PARTS = [...new Set(Object.values(CATALOGUE).filter((part) => part !== undefined))];

const entryExtras: Record<string, JsonObject> = {
  forgotten: { const: true, description: 'The key is gone: it happened, and that is all that is left of it' },
  object: text('The vendor’s id of the thing'),
  sequence: { type: 'number' },
  brand: text(),
  store: text(),
  staff: { type: 'object' },
  identifiers: { type: 'array', items: { type: 'object' } },
  participants: { type: 'array', items: { type: 'object' } },
  content: { type: 'object' },
  facts: { type: 'array', items: { type: 'object' } },
  asks: list(text()),
  promises: { type: 'array', items: { type: 'object' } },
  ...Object.fromEntries(OWN_PARTS.map((part) => [part, { type: 'object' } satisfies JsonObject])),
  extra: { type: 'object', description: 'Members of data that the contract does not know' },
};

const entry = object(
  {
    event: text('Our id of the event', { format: 'uuid' }),
    source: text('The adapter’s'),
    id: orNull(text('The adapter’s; null where the event is forgotten')),
    interaction: id('Of the interaction'),
    type: text(),
    channel: text(),
    at: time(),
    recordedAt: time(),
    position: position(),
    direction: orNull(text()),
    conversation: orNull(text()),
    summary: orNull(text('One line for a person')),
    party: id('Of the home'),
    ...entryExtras,
  },
  { optional: Object.keys(entryExtras) },
);

const linkFields = {
  a: id('A party'),
  b: id('A party'),
  event: text('The event that shows it'),
  rule: text(),
  strength,
  at: time(),
};

const next = orNull(text('The cursor of the next page; null on the last'));

/** `problem` members: RFC 9457, with every parameter or field that is wrong. */
const problem = object(
  {
    type: text('Names the kind of problem', { format: 'uri-reference' }),
    title: text(),
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text(),
    code: text('Stable, for programs'),
    problems: list(
      object(
        { parameter: text(), path: text('JSON Pointer'), message: text() },
        { optional: ['parameter', 'path'] },
      ),
      'Everything that is wrong with the parameters or the body',
    ),
  },
  { optional: ['detail', 'code', 'problems'], description: 'RFC 9457' },
);

const rejected = list(
  object(
    {
      index: count('Place in the request'),
      id: orNull(text()),
      code: text('conflict, too-large'),
      problems: list(object({ path: text('JSON Pointer into the event'), message: text() })),
    },
    { optional: ['code'] },
  ),
);

/** What the log gives: the event as it came, with three extensions. */
const loggedEvent: JsonObject = {
  allOf: [
    ref('CloudEvent'),
    object({
      threadlineposition: position(),
      threadlinerecordedat: time(),
      threadlineevent: text('Our id of the event', { format: 'uuid' }),
    }),
  ],
  description: 'Of a forgotten event, data is { "forgotten": true } and what is clear; its id is ours',
};

const scopes = list(choice(KEY_SCOPES));
const key = object({
  id: text(),
  label: orNull(text()),
  scopes,
  createdAt: time(),
  revokedAt: orNull(time()),
});

const CLOSED = { additionalProperties: false };

/** Every shape that the HTTP API answers with, or is asked with. */
export const answerSchemas: Record<string, JsonObject> = {
  Problem: problem,
  Rejection: { allOf: [ref('Problem'), object({ rejected }, { optional: ['rejected'] })] },
  Accepted: object({ accepted: count(), duplicates: count(), rejected, position: orNull(position()) }),
  Card: card,
  ...explanationSchemas,
  TimelineEntry: entry,
  TimelinePage: object({ entries: list(ref('TimelineEntry')), next }),
  IdentityLink: object(linkFields),
  IdentityPage: object(
    {
      id: id('The present id of the customer'),
      parties: list(
        object({ id: id('Of the party'), kind: text(), value: text(), strength, events: count() }),
      ),
      links: list(ref('IdentityLink')),
      refused: list(ref('RefusedLink'), 'Links that do not join, and why; each comes to life by itself'),
      decisions: list(ref('IdentityDecision'), 'Where it was asked to explain: newest first'),
      related: list(ref('RelatedCustomers'), 'A household, a company; on the first page'),
      next,
    },
    { optional: ['decisions'] },
  ),
  RefusedLink: object({
    ...linkFields,
    rule: choice(['blocked-value', 'fan-out', 'one-per-person', 'unlinked', 'review'], 'That refused it'),
    because: orNull(text('What the rule looked at: a kind, or the event of a decision')),
    // Null where both ends are of this customer.
    joins: orNull(object({ customer: id('Of the customer that it would have joined'), parties: count() })),
  }),
  Suggestion: object({
    parties: list(
      object({ id: id('Of the party'), kind: text(), value: text() }),
      'Of either customer the one that was first seen: what a link would name',
    ),
    customers: list(id('The present id of the customer')),
    score: { type: 'number', description: 'How likely both are one person, 0 to 1' },
    reasons: list(
      object({
        field: text('What was compared'),
        how: text('How both stand to each other'),
        weight: {
          type: 'number',
          description: 'log2 of how much likelier it is of one person than of two; negative speaks against',
        },
        values: list(text(), 'What was compared, folded, in the order of `parties`'),
      }),
      'What tells most first',
    ),
  }),
  SuggestionPage: object({ suggestions: list(ref('Suggestion'), 'The likeliest first'), next }),
  IdentityDecision: object({
    event: text('Our id of the event'),
    type: choice(['identity.linked', 'identity.unlinked']),
    at: time(),
    parties: list(id('Of a party')),
    rest: orNull(list(id('Of a party'))),
    holds: { type: 'boolean', description: 'It counts now, at least for some of those that it names' },
  }),
  RelatedCustomers: object({
    via: object({ id: id('Of a shared identifier'), kind: text(), value: text() }),
    customers: list(object({ id: id('Of a customer'), name: orNull(text()) }), 'At most 50'),
  }),
  IdentityReview: object({
    event: text('Our id of the event that named both'),
    rule: text(),
    strength,
    at: time(),
    sides: list(
      object({
        party: object({ id: id('Of a party'), kind: text(), value: text() }),
        customer: id('Of its customer'),
        parties: count(),
        events: count(),
      }),
      'The two that a link would bring together, and how much each is',
    ),
  }),
  ReviewsPage: object({ reviews: list(ref('IdentityReview')), next }),
  FoundCustomer: object({
    id: id('Of the customer'),
    name: orNull(text()),
    identifiers: list(identifier),
    lastSeen: orNull(time()),
    matched: object(
      { in: choice(['identifier', 'name', 'words', 'all']), text: orNull(text()), event: text() },
      { optional: ['event'] },
    ),
  }),
  SearchPage: object({ customers: list(ref('FoundCustomer')), next }),
  LoggedEvent: loggedEvent,
  LogPage: object({
    events: list(ref('LoggedEvent')),
    next: orNull(position('To be given as `after`; null where the log ends')),
  }),
  ParkedInteraction: object({
    interaction: id('Of the interaction'),
    position: position('Of the event that could not be used'),
    event: text(),
    type: text(),
    reason: text(),
    parkedAt: time(),
    events: count('How many of the interaction wait'),
    models: list(text('customers, search')),
  }),
  ParkedPage: object({ parked: list(ref('ParkedInteraction')) }),
  Redriven: object(
    {
      interaction: id('Of the interaction'),
      redriven: count('How many events came in'),
      parked: { type: 'boolean', description: 'It can still not be used' },
      reason: text('Why it stays parked'),
    },
    { optional: ['reason'] },
  ),
  RebuildProgress: object(
    { phase: text(), done: count(), total: count(), message: text() },
    { optional: ['done', 'total', 'message'] },
  ),
  DecisionRequest: object(
    {
      parties: {
        ...list(
          object({ kind: text('The namespace'), value: text('Normalised on the way in') }, CLOSED),
          'Two at least for a link; of an unlink the side that is taken away',
        ),
        minItems: 1,
        maxItems: MOST_PARTIES,
      },
      reason: text('Why; sealed', { minLength: 1, maxLength: LONGEST_REASON }),
      staff: object(
        { id: text(), name: text() },
        { optional: ['id', 'name'], description: 'Whoever is at the screen; sealed', ...CLOSED },
      ),
    },
    { optional: ['reason', 'staff'], ...CLOSED },
  ),
  Decided: object({ event: text('Our id of the event', { format: 'uuid' }), position: position() }),
  Key: key,
  KeyList: object({ keys: list(ref('Key')) }),
  KeyRequest: object(
    { scopes: { ...scopes, minItems: 1, uniqueItems: true }, label: text(undefined, { maxLength: 200 }) },
    { optional: ['label'], additionalProperties: false },
  ),
  NewKey: object({
    id: text(),
    key: text('Shown this once'),
    label: orNull(text()),
    scopes,
    position: position(),
  }),
};
