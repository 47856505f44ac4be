import type { JsonObject } from '@threadline/domain/canonical-json';
import { categoryOf, firstSideOf, namedIn } from '@threadline/domain/decision';
import type { Identifier } from '@threadline/domain/identifier';
import { readIdentityRules } from '@threadline/domain/identity/identity-rules';
import type { EventProblem } from '@threadline/contracts/validate-event';
import { normaliseIdentifier } from './normalise.js';

/** Sent by whoever may not decide. */
export const undecided = (type: string): EventProblem => ({
  path: '/type',
  message:
    categoryOf(type) === 'rules'
      ? `${type} says by which rules identity is computed: it takes a key with the scope admin`
      : `${type} is a decision of a person: it takes a key with the scope admin, or POST /v1/identity/${
          type === 'identity.linked' ? 'links' : 'unlinks'
        }`,
});

/** Whom a decision names, normalised, in their order; those that were forgotten are passed over. */
export function partiesOf(type: string, data: JsonObject, defaultCountry?: string): Identifier[] {
  const { country = defaultCountry } = data as { country?: string };
  const named = namedIn(type, data) as readonly { kind: string; value: string }[];
  return named.map(({ kind, value }) => ({
    ...normaliseIdentifier(kind, value, country),
    strength: 'claimed',
  }));
}

/**
 * What no schema says: whether the parties are different, once they are normalised (they are what `partiesOf` gives), and
 * whether rules are such that identity can be computed by them.
 */
export function decisionProblems(
  type: string,
  data: JsonObject,
  parties: readonly Identifier[],
): EventProblem[] {
  if (type === 'identity.rules.applied') {
    const read = readIdentityRules(data['rules'] ?? null);
    return 'rules' in read
      ? []
      : read.problems.map(({ path, message }) => ({ path: `/data/rules${path}`, message }));
  }
  const names = parties.map(({ kind, value }) => `${kind}\n${value}`);
  if (type === 'identity.linked') {
    const forgotten = (data['parties'] as unknown[]).length - names.length;
    if (new Set(names).size + forgotten >= 2) return [];
    return [
      { path: '/data/parties', message: 'expected at least two different parties, but one came, repeatedly' },
    ];
  }
  const first = firstSideOf(data);
  const away = new Set(names.slice(0, first));
  let at = first;
  return (data['rest'] as readonly JsonObject[]).flatMap((one, index) => {
    if (namedIn('identity.linked', { parties: [one] }).length === 0 || !away.has(names[at++] ?? ''))
      return [];
    return [{ path: `/data/rest/${index}`, message: 'expected a party that is not among `parties`' }];
  });
}
