import { refused, type Importer } from '../imported.js';
import { jsonValues } from '../json-values.js';
import type { Mapping } from './mapping.js';
import { rowsToEvents, type TableRow } from './rows-to-events.js';

/** JSON objects, one a line or in a list, made events by a mapping. */
export const importJsonl = (mapping: Mapping): Importer =>
  async function* (input, options) {
    let found = false;
    const rows = async function* (): AsyncGenerator<TableRow> {
      let line = 0;
      for await (const json of jsonValues(input.bytes)) {
        found = true;
        line++;
        const item = `${input.name}${json.where}`;
        if ('problem' in json) yield refused(item, json.problem);
        else if (typeof json.value !== 'object' || json.value === null || Array.isArray(json.value)) {
          yield refused(item, 'is not a JSON object');
        } else yield { item, line, row: json.value };
      }
    };
    yield* rowsToEvents(input.name, rows(), mapping, options);
    if (!found) yield refused(input.name, 'is empty');
  };
