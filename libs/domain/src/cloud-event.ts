import type { Json, JsonObject } from './canonical-json.js';

/** A CloudEvent 1.0 as JSON. Extensions are further members. */
export type CloudEventJson = { [member: string]: Json } & {
  specversion: string;
  id: string;
  source: string;
  type: string;
  time?: string;
  data?: JsonObject;
};
