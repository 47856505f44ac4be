import type { Json } from '@threadline/domain/canonical-json';
import {
  readIdentityRules,
  type IdentityRules,
  type RulesProblem,
} from '@threadline/domain/identity/identity-rules';
import { EVENT_LIMIT } from './cloudevents.js';
import { jsonFaults } from './json-faults.js';
import { textFaults } from './json-text.js';

/** A file of identity rules, read: the rules, what is absent filled in, or everything that is wrong with it. */
export type RulesFile = { readonly rules: IdentityRules } | { readonly problems: readonly RulesProblem[] };

/** Reads a file of identity rules as somebody wrote it: JSON in UTF-8, of at most as many bytes as an event. */
export function readRulesFile(bytes: Uint8Array): RulesFile {
  const wrong = (message: string): RulesFile => ({ problems: [{ path: '', message }] });
  if (bytes.byteLength > EVENT_LIMIT)
    return wrong(`expected at most ${EVENT_LIMIT} bytes, but it has ${bytes.byteLength}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return wrong('expected UTF-8');
  }
  const written = textFaults(text);
  if (written.some(({ path }) => path === '')) return { problems: written };
  const file = JSON.parse(text) as Json;
  const faults = jsonFaults(file).map(({ path, message }) => ({ path, message }));
  const read = readIdentityRules(file);
  const problems = [...written, ...faults, ...('problems' in read ? read.problems : [])];
  return problems.length === 0 ? read : { problems };
}
