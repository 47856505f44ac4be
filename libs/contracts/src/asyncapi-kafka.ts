import type { JsonObject } from '@threadline/domain/canonical-json';
import { DEAD_LETTERS, INBOUND } from './events-answer.js';
import { examples } from './openapi-examples.js';
import { object, ref, text, time } from './openapi-shapes.js';

/** The topics of cluster mode that other programs may use: how they are made, and what lies in them. */

const DAY = 86_400_000;
const VERSION = '0.5.0';
const STRUCTURED = 'application/cloudevents+json';

const SERVERS = [{ $ref: '#/servers/kafka' }];

const topic = (name: string, partitions: number, days: number): JsonObject => ({
  kafka: {
    topic: name,
    partitions,
    topicConfiguration: {
      'cleanup.policy': ['delete'],
      'retention.ms': days * DAY,
      'max.message.bytes': 9 * 1_048_576,
    },
    bindingVersion: VERSION,
  },
});

const keyed = (description: string): JsonObject => ({
  kafka: { key: text(description), bindingVersion: VERSION },
});

/** CloudEvents' own binding for Kafka; the rest is the sender's business and is kept. */
const eventHeaders: JsonObject = {
  type: 'object',
  properties: {
    'content-type': text('`application/cloudevents+json`: structured. Binary mode: that of the data'),
    ce_specversion: text('Binary mode', { const: '1.0' }),
    ce_id: text('Binary mode'),
    ce_source: text('Binary mode'),
    ce_type: text('Binary mode'),
    ce_time: time('Binary mode: RFC 3339'),
  },
};

const deadHeaders: JsonObject = object(
  {
    'dead-reason': text(
      'Stable, for programs: `invalid`, `conflict`, `too-large`, `unknown-content-type`, …',
    ),
    'dead-detail': text('What was wrong, for people; says nothing of persons'),
    'dead-problems': text('JSON, `[{"path", "message"}]`: each problem with its place; cut off after 16 KiB'),
    'dead-from': text('`<topic>/<partition>/<offset>` where it came from'),
    'dead-at': time('When it was put aside'),
    'dead-attempts': text('How often it was tried', { pattern: '^\\d+$' }),
  },
  { optional: ['dead-problems'], description: 'Besides those that the message came with' },
);

const settledHeaders: JsonObject = object({
  'dead-settled': text('`<partition>-<offset>` of the letter in this topic', { pattern: '^\\d+-\\d+$' }),
  'dead-at': time('When'),
});

export const kafkaChannels: JsonObject = {
  inbound: {
    address: INBOUND,
    title: 'Inbound events',
    description:
      'CloudEvents, one a message, structured or binary, from any program that may write here: checked as over HTTP. What is ' +
      'refused goes to interactions.dead. What has to stay in order (an interaction) goes under one key. Headers named ' +
      '`threadline-*` are the gateways’; nobody else sets them. Kept 7 days, in clear text.',
    servers: SERVERS,
    messages: { event: { $ref: '#/components/messages/event' } },
    bindings: topic(INBOUND, 12, 7),
  },
  dead: {
    address: DEAD_LETTERS,
    title: 'Dead letters',
    description:
      'What could not be taken from interactions.inbound: key, value and headers as they came, and why in `dead-*` headers. ' +
      'Listed, sent again and dropped with /v1/dead (`threadline dead`). Kept 14 days, in clear text: a letter holds the ' +
      'personal data that its event holds, so only who may see all of it may read the topic.',
    servers: SERVERS,
    messages: {
      deadLetter: { $ref: '#/components/messages/deadLetter' },
      settled: { $ref: '#/components/messages/settled' },
    },
    bindings: topic(DEAD_LETTERS, 1, 14),
  },
};

export const kafkaOperations: JsonObject = {
  takeEvents: {
    action: 'receive',
    channel: { $ref: '#/channels/inbound' },
    messages: [{ $ref: '#/channels/inbound/messages/event' }],
  },
  putAside: {
    action: 'send',
    channel: { $ref: '#/channels/dead' },
    messages: [{ $ref: '#/channels/dead/messages/deadLetter' }, { $ref: '#/channels/dead/messages/settled' }],
  },
};

export const kafkaMessages: JsonObject = {
  event: {
    name: 'event',
    title: 'A channel event',
    contentType: STRUCTURED,
    headers: eventHeaders,
    payload: ref('AnyEvent'),
    bindings: keyed('What has to stay in order among itself; a gateway’s: the interaction'),
    examples: [
      { name: 'event', headers: { 'content-type': STRUCTURED }, payload: examples.event },
      { name: 'decision', headers: { 'content-type': STRUCTURED }, payload: examples.decision },
    ],
  },
  deadLetter: {
    name: 'deadLetter',
    title: 'An event that could not be taken',
    contentType: STRUCTURED,
    headers: deadHeaders,
    payload: { description: 'The value as it came: whatever that is' },
    bindings: keyed('As it came'),
    examples: [
      {
        name: 'invalid',
        headers: {
          'content-type': STRUCTURED,
          'dead-reason': 'invalid',
          'dead-detail': 'no event was acceptable',
          'dead-problems': '[{"path":"/data/purchase/total","message":"must be an exact decimal"}]',
          'dead-from': `${INBOUND}/7/40213`,
          'dead-at': '2026-03-02T10:15:02.310Z',
          'dead-attempts': '1',
        },
        payload: examples.refused,
      },
    ],
  },
  settled: {
    name: 'settled',
    title: 'A mark: somebody is done with a dead letter',
    headers: settledHeaders,
    payload: { description: 'Empty' },
    examples: [
      {
        name: 'settled',
        headers: { 'dead-settled': '0-17', 'dead-at': '2026-03-02T11:00:00.000Z' },
        payload: '',
      },
    ],
  },
};
