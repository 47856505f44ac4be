import type { Json, JsonObject } from './canonical-json.js';
import type { CloudEventJson } from './cloud-event.js';

/** What is kept beside interactions: people's decisions on identity, and the rules that identity is computed by. */

/** Whom a decision is about. The value is normalised, as everywhere. */
export interface NamedParty {
  kind: string;
  value: string;
}

/** One whose key was gone when the event was given out: nobody can tell any more who it was. */
export interface ForgottenParty {
  kind: string;
  forgotten: true;
}

/** Who decided: the key that it came with, and whoever was at the screen. */
export interface DecidedBy {
  key: string;
  label?: string;
  staff?: { id?: string; name?: string };
}

interface Decided {
  reason?: string;
  by?: DecidedBy;
}

/** All of `parties` are the same as the first. */
export interface PartiesLinked {
  readonly type: 'identity.linked';
  readonly data: Decided & { parties: (NamedParty | ForgottenParty)[] };
}

/** `parties` are not the `rest`: all others of their customer as it was at that moment. */
export interface PartiesUnlinked {
  readonly type: 'identity.unlinked';
  readonly data: Decided & {
    parties: (NamedParty | ForgottenParty)[];
    rest: (NamedParty | ForgottenParty)[];
  };
}

export type Decision = PartiesLinked | PartiesUnlinked;
export type DecisionType = Decision['type'];

/** From here on identity is computed by `rules`: the whole file. */
export interface IdentityRulesApplied {
  readonly type: 'identity.rules.applied';
  readonly data: { rules: JsonObject; by?: DecidedBy };
}

export const isDecision = (type: string): type is DecisionType =>
  type === 'identity.linked' || type === 'identity.unlinked';

/** What streams hold events that came as CloudEvents: the word before the dash. */
export const CATEGORIES = ['interaction', 'identity', 'rules'] as const;
export type Category = (typeof CATEGORIES)[number];

export function categoryOf(type: string): Category {
  if (isDecision(type)) return 'identity';
  return type === 'identity.rules.applied' ? 'rules' : 'interaction';
}

/** The stream that an event belongs in. `id` is `interactionId(hash, source, object ?? id)`, whatever the type. */
export const streamOf = (type: string, id: string): string => `${categoryOf(type)}-${id}`;

/** The `id` that a stream was named with. */
export const idOfStream = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

/** Members of `data` that name people, in order. */
function listsOf(type: string): readonly string[] {
  if (type === 'identity.linked') return ['parties'];
  if (type === 'identity.unlinked') return ['parties', 'rest'];
  return type === 'identity.rules.applied' ? [] : ['identifiers'];
}

/**
 * Whom an event names, as it came: the identifiers of an interaction, the parties of a decision and then its rest.
 * Those that were forgotten before it came are none.
 */
export function namedIn(type: string, data: JsonObject | undefined): readonly Json[] {
  const lists = listsOf(type).map((list) => listIn(data, list));
  const [first = []] = lists;
  return lists.length < 2 && !first.some(isForgotten)
    ? first
    : lists.flat().filter((one) => !isForgotten(one));
}

/** A copy of the event that names others, as many, in the same order; every member keeps its place. */
export function withNamed(event: CloudEventJson, named: readonly Json[]): CloudEventJson {
  const data: JsonObject = { ...event.data };
  let next = 0;
  for (const list of listsOf(event.type)) {
    data[list] = listIn(data, list).map((one) => (isForgotten(one) ? one : (named[next++] as Json)));
  }
  return { ...event, data };
}

/** How many of those that an unlink names are the side that is taken away; they come first. */
export const firstSideOf = (data: JsonObject): number =>
  listIn(data, 'parties').filter((one) => !isForgotten(one)).length;

const listIn = (data: JsonObject | undefined, member: string): readonly Json[] => {
  const list = data?.[member];
  return Array.isArray(list) ? list : [];
};

/** With a value it is somebody, whatever else is said of them. */
const isForgotten = (one: Json): boolean =>
  one !== null &&
  typeof one === 'object' &&
  !Array.isArray(one) &&
  one['forgotten'] === true &&
  one['value'] === undefined;
