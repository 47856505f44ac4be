import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { CATALOGUE } from '@threadline/domain/event-catalogue';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { DECISION_DATA } from './decision-schema.js';
import { CLOUD_EVENT, needsData, ownData, type JsonSchema } from './event-schema.js';
import { eventTime } from './event-time.js';
import { jsonFaults } from './json-faults.js';
import { expectationOf, inWords } from './problem-words.js';

/** What is wrong with an event, and where: `path` is a JSON Pointer (RFC 6901) into it. */
export interface EventProblem {
  path: string;
  message: string;
}

/** Of one event: whoever fixes a thousand problems may ask again. */
const MOST_PROBLEMS = 1_000;

/** Compiled at first use: a part costs some milliseconds, and most senders use few types. */
class Schemas {
  readonly #ajv: Ajv;
  readonly #own = new Map<string, ValidateFunction>();
  readonly envelope: ValidateFunction;

  constructor(allErrors: boolean) {
    this.#ajv = new Ajv({
      allErrors,
      verbose: allErrors,
      allowUnionTypes: true,
      strictTypes: false,
      strictRequired: false,
    });
    this.#ajv.addFormat('date-time', {
      type: 'string',
      validate: (text: string) => eventTime(text) !== undefined,
    });
    this.envelope = this.#ajv.compile(CLOUD_EVENT);
  }

  own({ name, schema }: OwnData): ValidateFunction {
    let check = this.#own.get(name);
    if (check === undefined) {
      check = this.#ajv.compile(schema());
      this.#own.set(name, check);
    }
    return check;
  }
}

/** What a type asks of `data` beside the common fields. */
interface OwnData {
  readonly name: string;
  readonly schema: () => JsonSchema;
  /** Without it an event of the type says nothing. */
  readonly needed: boolean;
}

const OWN_DATA: ReadonlyMap<string, OwnData> = new Map<string, OwnData>([
  ...Object.entries(CATALOGUE).flatMap(([type, part]): [string, OwnData][] =>
    part === undefined ? [] : [[type, { name: part, schema: () => ownData(part), needed: needsData(part) }]],
  ),
  ...Object.entries(DECISION_DATA).map(([type, data]): [string, OwnData] => [
    type,
    { name: type, schema: () => data, needed: true },
  ]),
]);

const fast = new Schemas(false);
let thorough: Schemas | undefined;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Every problem of what came as an event; an empty list means that it is one: see `asEvent`.
 * The usual case, a good event, costs one walk and one compiled check; the list is made only when that fails.
 */
export function eventProblems(value: Json): EventProblem[] {
  if (!isObject(value))
    return [{ path: '', message: `expected an event: an object, but ${inWords(value)} came` }];
  const faults = jsonFaults(value);
  if (faults.some(({ fatal }) => fatal)) return faults.map(({ path, message }) => ({ path, message }));
  if (Object.hasOwn(value, 'data_base64')) {
    faults.push({
      path: '/data_base64',
      message: 'expected JSON in `data`: binary data is not taken',
      fatal: false,
    });
  }
  if (faults.length === 0 && passes(value)) return [];
  const faulty = new Set(faults.map(({ path }) => path));
  const rest = listed(value).filter(({ path }) => !faulty.has(path));
  const problems = [...faults.map(({ path, message }) => ({ path, message })), ...rest];
  // The quick check has said no: whatever the other one says, this is no event.
  if (problems.length === 0) problems.push({ path: '', message: 'expected an event as the schema says' });
  return problems.slice(0, MOST_PROBLEMS);
}

/** The value of which `eventProblems` has found none. */
export const asEvent = (value: Json): CloudEventJson => value as CloudEventJson;

const ownOf = (event: JsonObject): OwnData | undefined => OWN_DATA.get(event['type'] as string);

function passes(event: JsonObject): boolean {
  if (!fast.envelope(event)) return false;
  const own = ownOf(event);
  if (own === undefined) return true;
  if (event['data'] === undefined) return !own.needed;
  return fast.own(own)(event['data']) === true;
}

function listed(event: JsonObject): EventProblem[] {
  thorough ??= new Schemas(true);
  // A value of the wrong type fails several keywords at once, in the same words.
  const problems = new Map<string, EventProblem>();
  const add = (check: ValidateFunction, value: unknown, base: string): void => {
    if (check(value)) return;
    for (const error of check.errors ?? []) {
      const problem = inOwnWords(error, base);
      if (problem !== undefined) problems.set(`${problem.path} ${problem.message}`, problem);
    }
  };
  add(thorough.envelope, event, '');
  const own = ownOf(event);
  // Where `data` itself is no object the envelope has said so.
  if (own !== undefined && (isObject(event['data']) || (event['data'] === undefined && own.needed))) {
    add(thorough.own(own), event['data'] ?? {}, '/data');
  }
  return [...problems.values()];
}

function inOwnWords(error: ErrorObject, base: string): EventProblem | undefined {
  const message = expectationOf(error);
  if (message === undefined) return undefined;
  const params = error.params as { missingProperty?: string; additionalProperty?: string };
  const member = params.missingProperty ?? params.additionalProperty;
  const path = `${base}${error.instancePath}`;
  return { path: member === undefined ? path : `${path}/${pointerToken(member)}`, message };
}

/** One step of a JSON Pointer (RFC 6901). */
export const pointerToken = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1');
