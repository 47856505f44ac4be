/** A topic, and what it is made with where it is missing. One that is there already is left as it is. */
export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Kafka's own settings of a topic. Three copies of it, two of which have to agree, where there are three brokers. */
  readonly settings: Readonly<Record<string, string>>;
}

const DAY = 86_400_000;

/** Bytes of the largest message: a request of 8 MiB that is one decision, and what goes with it. */
export const MESSAGE_LIMIT = 9 * 1_048_576;

const common = { 'max.message.bytes': String(MESSAGE_LIMIT), 'cleanup.policy': 'delete' };

/** What waits to be handled: long enough for any outage that people are called to. */
export const inboundTopic = (name: string): TopicSettings => ({
  name,
  partitions: 12,
  settings: { ...common, 'retention.ms': String(7 * DAY) },
});

/** What was refused, in clear text: 14 days to mend it. One partition, so that it is listed in its order. */
export const deadTopic = (name: string): TopicSettings => ({
  name,
  partitions: 1,
  settings: { ...common, 'retention.ms': String(14 * DAY) },
});

/** What is only of worth for seconds. */
export const passingTopic = (name: string): TopicSettings => ({
  name,
  partitions: 1,
  settings: { ...common, 'retention.ms': '600000', 'segment.ms': '600000' },
});
