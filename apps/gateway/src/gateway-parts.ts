/** The broker that events are published to: `interactions.inbound`. */
export const EVENT_BROKER = Symbol('EventBroker');

/** The dead letters of its topic; in cluster mode only. */
export const DEAD_LETTER_BOX = Symbol('DeadLetterBox');
