import type { JsonObject } from '@threadline/domain/canonical-json';
import { kafkaChannels, kafkaMessages, kafkaOperations } from './asyncapi-kafka.js';
import { eventSchemas } from './openapi-event.js';
import { examples } from './openapi-examples.js';
import { choice, id, object, orNull, position, ref, text, time } from './openapi-shapes.js';

const interaction = {
  event: text('Our id of the event', { format: 'uuid' }),
  source: text('The adapter’s'),
  interaction: id('Of the interaction'),
  type: text(),
  channel: text(),
  at: time(),
  recordedAt: time(),
  position: position(),
  direction: orNull(text()),
  customer: orNull(id('On whose timeline it is; null where nobody is known yet')),
  store: text(),
  brand: text(),
};

const schemas = (): Record<string, JsonObject> => ({
  ...eventSchemas(),
  LiveInteraction: object(interaction, {
    optional: ['store', 'brand'],
    description: 'What of the timeline’s entry is clear; the rest is read with the scope to read it',
  }),
  LiveVisit: object(
    {
      ...interaction,
      state: choice(['started', 'ended']),
      detector: text('tap, qr, beacon, vision or associate'),
      zone: text(),
    },
    { optional: ['store', 'brand', 'zone', 'detector'] },
  ),
  CustomersChanged: object({ position: position() }),
  CustomerChanged: object({ id: id('Present id of the customer'), position: position() }),
});

const message = (name: string, title: string, schema: string, example: JsonObject): JsonObject => ({
  name,
  title,
  contentType: 'application/json',
  payload: ref(schema),
  examples: [{ name, payload: example }],
});

/** The messages: AsyncAPI 3.0. The live push goes out over HTTP, the topics are Kafka's (cluster mode). */
export const asyncApiDocument = (version: string, host = '127.0.0.1:8080'): JsonObject => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Threadline',
    version,
    description:
      'What the hub pushes; in cluster mode also the topic that CloudEvents are taken from, and the one of dead letters.',
  },
  defaultContentType: 'application/json',
  servers: {
    hub: {
      host,
      protocol: 'http',
      description: 'Server-sent events',
      security: [{ $ref: '#/components/securitySchemes/key' }],
    },
    kafka: { host: 'localhost:9092', protocol: 'kafka', description: 'Cluster mode' },
  },
  channels: {
    live: {
      address: '/v1/live',
      title: 'Live push',
      description:
        'The SSE id is the position; the stream goes on after `Last-Event-ID`. Backfilled events are not pushed. ' +
        'After a decision of a person each customer that one of its parties is of has changed, ' +
        'and after other identity rules everybody may have: `customers.changed`, to whoever watches whatever.',
      servers: [{ $ref: '#/servers/hub' }],
      messages: {
        interaction: { $ref: '#/components/messages/interaction' },
        visit: { $ref: '#/components/messages/visit' },
        customerChanged: { $ref: '#/components/messages/customerChanged' },
        customersChanged: { $ref: '#/components/messages/customersChanged' },
      },
      bindings: {
        http: {},
      },
    },
    ...kafkaChannels,
  },
  operations: {
    pushLive: {
      action: 'send',
      channel: { $ref: '#/channels/live' },
      messages: [
        { $ref: '#/channels/live/messages/interaction' },
        { $ref: '#/channels/live/messages/visit' },
        { $ref: '#/channels/live/messages/customerChanged' },
        { $ref: '#/channels/live/messages/customersChanged' },
      ],
    },
    ...kafkaOperations,
  },
  components: {
    securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key with the scope `read`' } },
    messages: {
      interaction: message('interaction', 'Something came onto a timeline', 'LiveInteraction', examples.live),
      visit: message('visit', 'Somebody came in, or left', 'LiveVisit', examples.visit),
      customerChanged: message('customer.changed', 'A card is another', 'CustomerChanged', examples.changed),
      customersChanged: message(
        'customers.changed',
        'Other identity rules: every customer was computed again; whoever watches hears it',
        'CustomersChanged',
        { position: '1207' },
      ),
      ...kafkaMessages,
    },
    schemas: schemas(),
  },
});
