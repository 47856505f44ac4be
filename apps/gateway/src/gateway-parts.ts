/** The broker that events are published to: `interactions.inbound`. */
export const EVENT_BROKER = Symbol('EventBroker');
