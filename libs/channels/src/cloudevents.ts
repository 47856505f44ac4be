import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { refused, type Imported, type Importer, type ImportProblem } from './imported.js';
import { isObject } from './json-text.js';
import { jsonValues } from './json-values.js';

/**
 * CloudEvents 1.0 in JSON: one, a batch, one a line, or what `GET /v1/events` gives. They are sent as they are; what the
 * catalogue asks of them is checked by the hub. `--source`, `--country` and `--own` do not touch them.
 */
export const importCloudEvents: Importer = async function* (input) {
  let found = false;
  for await (const json of jsonValues(input.bytes)) {
    found = true;
    const item = `${input.name}${json.where}`;
    if ('problem' in json) yield refused(item, json.problem);
    else yield* eventsIn(item, json.value);
  }
  if (!found) yield refused(input.name, 'is empty');
};

function* eventsIn(item: string, value: Json): Generator<Imported> {
  if (!isObject(value)) yield refused(item, 'is not a CloudEvent: it is not a JSON object');
  else if (value['specversion'] === undefined && Array.isArray(value['events'])) {
    // A page of GET /v1/events.
    for (const [index, event] of value['events'].entries()) yield* eventsIn(`${item}/events/${index}`, event);
  } else yield checked(item, value);
}

function checked(item: string, event: JsonObject): Imported {
  const problems: ImportProblem[] = [];
  for (const name of ['specversion', 'id', 'source', 'type']) {
    const value = event[name];
    if (typeof value !== 'string' || value === '') {
      problems.push({
        path: `/${name}`,
        message: value === undefined ? 'is missing' : 'must be text, not empty',
      });
    }
  }
  if (problems.length > 0) {
    const named = problems.map(({ path, message }) => `${path} ${message}`);
    return refused(item, `is not a CloudEvent: ${named.join('; ')}`, problems);
  }
  return { kind: 'event', item, event: event as CloudEventJson, notes: [], attachmentBytes: 0 };
}
