import { chanceOf, weigh, type Commonness, type Evidence } from './evidence.js';
import type { NameParts } from './fold-name.js';
import { joined, type Frequencies } from './features.js';
import { nearness, type Nearness } from './nearness.js';
import type { PreparedRecord } from './record.js';

type PartNearness = Nearness | 'initial' | 'part';

/** How often a part of a name is seen so of one person, and of two of one household. */
interface Part {
  readonly field: string;
  readonly common: Commonness;
  readonly person: Readonly<Record<PartNearness, number>>;
  readonly kin: Readonly<Record<PartNearness, number>>;
}

const GIVEN: Part = {
  field: 'given name',
  common: { kind: 'n:', chance: 1 / 300, worth: 300, strangers: 1 },
  person: {
    same: 0.72,
    short: 0.05,
    initial: 0.03,
    part: 0.03,
    close: 0.12,
    similar: 0.04,
    different: 0.015,
  },
  kin: { same: 0.03, short: 0.01, initial: 0.08, part: 0.02, close: 0.02, similar: 0.03, different: 0.9 },
};
const FAMILY: Part = {
  field: 'family name',
  common: { kind: 'n:', chance: 1 / 1500, worth: 300, strangers: 1 },
  person: { same: 0.76, short: 0.02, initial: 0.01, part: 0.03, close: 0.12, similar: 0.03, different: 0.04 },
  kin: { same: 0.72, short: 0.02, initial: 0.01, part: 0.04, close: 0.12, similar: 0.03, different: 0.12 },
};
/** How often given and family name change places, where each was said to be what it is, and where it was guessed. */
const SWAPPED = { said: 0.05, guessed: 0.3 };

function partNearness(a: string, b: string): PartNearness {
  const [left, right] = [joined(a), joined(b)];
  if (left === right) return 'same';
  if (left.length === 1 || right.length === 1) {
    return left.startsWith(right) || right.startsWith(left) ? 'initial' : 'different';
  }
  const whole = nearness(left, right);
  if ((a.includes(' ') || b.includes(' ')) && whole !== 'close') {
    const words = new Set(a.split(' '));
    if (b.split(' ').some((word) => word.length > 1 && words.has(word))) return 'part';
  }
  return whole;
}

const WORDS: Readonly<Record<PartNearness, string>> = {
  same: 'same',
  short: 'short form',
  initial: 'initial',
  part: 'one of several names',
  close: 'a typing slip apart',
  similar: 'similar',
  different: 'different',
};

function partEvidence(part: Part, a: string, b: string, known: Frequencies): Evidence | undefined {
  if (a === '' || b === '') return undefined;
  const near = partNearness(a, b);
  const common = Math.max(chanceOf(joined(a), part.common, known), chanceOf(joined(b), part.common, known));
  const stranger: Readonly<Record<PartNearness, number>> = {
    same: common,
    short: common * 2 + 0.001,
    initial: 0.08,
    part: common + 0.003,
    close: common * 2 + 0.0005,
    similar: common * 2 + 0.01,
    different: 0.97,
  };
  const kin = near === 'same' || near === 'close' ? Math.max(part.kin[near], stranger[near]) : part.kin[near];
  return weigh(part.field, WORDS[near], [a, b], { person: part.person[near], kin, stranger: stranger[near] });
}

const total = (found: readonly Evidence[]): number => found.reduce((sum, { person }) => sum + person, 0);
const overKin = (found: readonly Evidence[]): number =>
  found.reduce((sum, { person, kin }) => sum + person - kin, 0);

type PartOf = (name: NameParts) => string;
const given: PartOf = (name) => name.given;
const family: PartOf = (name) => name.family;

const halfway = (one: Evidence, other: Evidence): Evidence => ({
  ...one,
  field: 'name',
  person: (one.person + other.person) / 2,
  kin: (one.kin + other.kin) / 2,
});

/** Two names whose parts stand opposite each other: `first` of the one what is `second` of the other. */
function aligned(a: NameParts, b: NameParts, isCrossed: boolean, known: Frequencies): Evidence[] {
  const as = (ofA: PartOf, part: Part): Evidence | undefined =>
    partEvidence(part, ofA(a), ((ofA === given) === isCrossed ? family : given)(b), known);
  const sure = (found: readonly (Evidence | undefined)[]): Evidence[] =>
    found.filter((evidence) => evidence !== undefined);
  const byA = (): Evidence[] => sure([as(given, GIVEN), as(family, FAMILY)]);
  const byB = (): Evidence[] => sure([as(given, FAMILY), as(family, GIVEN)]);
  if (!isCrossed && !(a.isGuessed && b.isGuessed)) return byA();
  if (isCrossed && a.isGuessed !== b.isGuessed) return b.isGuessed ? byA() : byB();
  const [one, other] = [byA(), byB()];
  const difference = overKin(one) - overKin(other);
  // Each said it the other way round: either may be right.
  if (!a.isGuessed || Math.abs(difference) < 1e-9) {
    return one.map((evidence, index) => halfway(evidence, other[index] as Evidence));
  }
  // Nobody knows which is the given name: what is less for one person holds. Relatives have their family name in common.
  return difference < 0 ? one : other;
}

function pairEvidence(a: NameParts, b: NameParts, known: Frequencies): Evidence[] {
  const straight = aligned(a, b, false, known);
  const crossed = aligned(a, b, true, known);
  if (crossed.length < straight.length || crossed.length === 0) return straight;
  // A given name alone and a family name alone that differ say nothing.
  if (straight.length === 0 && crossed.every(({ how }) => how === WORDS.different)) return [];
  const price = Math.log2(a.isGuessed || b.isGuessed ? SWAPPED.guessed : SWAPPED.said) / crossed.length;
  const swapped = crossed.map((found) => ({
    ...found,
    how: `${found.how}, given and family name swapped`,
    person: found.person + price,
    kin: found.kin + price,
  }));
  // Where a part is missing, what is left may stand in the wrong place; then it has to be better there.
  return straight.length > 0 && total(straight) >= total(swapped) ? straight : swapped;
}

/** What the names say: of all pairs of names the one that speaks most for one person. */
export function nameEvidence(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Evidence[] {
  let best: Evidence[] = [];
  for (const left of a.names) {
    for (const right of b.names) {
      const found = pairEvidence(left, right, known);
      if (found.length > 0 && (best.length === 0 || isBetter(found, best))) best = found;
    }
  }
  return best;
}

/** Equal sums are told apart by their words, so that the order of two records decides nothing. */
function isBetter(found: readonly Evidence[], best: readonly Evidence[]): boolean {
  const gain = total(found) - total(best);
  if (Math.abs(gain) > 1e-9) return gain > 0;
  return overKin(found) > overKin(best);
}
