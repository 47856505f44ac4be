import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CommonData } from '@threadline/domain/event-catalogue';

/** One event on a customer's timeline. Unknown members of `data` are in `extra`. */
export interface TimelineEntry {
  /** Our id of the event. */
  event: string;
  source: string;
  /** The adapter's id of it; null where the event is forgotten. */
  id: string | null;
  interaction: string;
  type: string;
  channel: string;
  at: string;
  recordedAt: string;
  position: string;
  direction: string | null;
  conversation: string | null;
  /** One line for a person; null where the event is forgotten. */
  summary: string | null;
  /** Id of the home. */
  party: string;
  /** True where the key is gone: the event happened, and that is all that is left of it. */
  forgotten?: true;
  object?: string;
  sequence?: number;
  brand?: string;
  store?: string;
  staff?: CommonData['staff'];
  identifiers?: Json;
  participants?: Json;
  content?: CommonData['content'];
  facts?: CommonData['facts'];
  asks?: string[];
  promises?: CommonData['promises'];
  /** The type's own part, under its name. */
  purchase?: JsonObject;
  survey?: JsonObject;
  visit?: JsonObject;
  social?: JsonObject;
  consent?: JsonObject;
  profile?: JsonObject;
  call?: JsonObject;
  web?: JsonObject;
  promise?: JsonObject;
  extra?: JsonObject;
}
