import { addressEvidence } from './address-evidence.js';
import { strongest, type Evidence } from './evidence.js';
import type { Frequencies } from './features.js';
import { fieldEvidence } from './field-evidence.js';
import { nameEvidence } from './name-evidence.js';
import type { PreparedRecord } from './record.js';

/** A field that speaks for or against one person. */
export interface Reason {
  readonly field: string;
  readonly how: string;
  /** log2 of how much likelier this is seen of one person than of two strangers; negative speaks against. */
  readonly weight: number;
  /** What was compared, of the first and of the second record, folded. */
  readonly values: readonly [string, string];
}

/** All that two records say of each other, in bits: log2 of how much likelier it is than of two strangers. */
export interface Comparison {
  /** Of one person. */
  readonly person: number;
  /** Of two of one household. */
  readonly kin: number;
  /** Of that for one person, what speaks against it: 0 or less. */
  readonly against: number;
}

function evidence(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Evidence[] {
  const address = strongest(addressEvidence(a, b, known));
  return [
    ...nameEvidence(a, b, known),
    ...fieldEvidence(a, b, known),
    ...(address === undefined ? [] : [address]),
  ];
}

/** Compares two records. Symmetric. */
export function compareRecords(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Comparison {
  let [person, kin, against] = [0, 0, 0];
  for (const found of evidence(a, b, known)) {
    person += found.person;
    kin += found.kin;
    against += Math.min(0, found.person);
  }
  return { person, kin, against };
}

/** Why `compareRecords` says what it says: what tells most first. */
export function reasonsFor(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Reason[] {
  return evidence(a, b, known)
    .map(({ field, how, person, values }) => ({ field, how, weight: person, values }))
    .sort((x, y) => Math.abs(y.weight) - Math.abs(x.weight) || (x.field < y.field ? -1 : 1));
}
