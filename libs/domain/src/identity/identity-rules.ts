import { canonicalJson, type Json, type JsonObject } from '../canonical-json.js';

/** A value that never links anybody: one value, or every value that a pattern finds. */
export interface BlockedRule {
  /** `*`: of every kind. */
  readonly kind: string;
  readonly value?: string;
  /** A regular expression (ECMAScript, flag `u`), searched for in the normalised value. */
  readonly pattern?: string;
}

/** By which rules links make customers. The file that an operator writes has this form; what is absent is the default. */
export interface IdentityRules {
  readonly name: string;
  /** Counts up: a file that changes gets another version. */
  readonly version: number;
  /** How many values of a kind one person has at most. */
  readonly limits: Readonly<Record<string, number>>;
  readonly blocked: readonly BlockedRule[];
  readonly fanOut: {
    /** A value that is linked directly with more values of the kind than this is many people's, and never links. */
    readonly most: Readonly<Record<string, number>>;
    /** Kinds whose values are one person's whatever they are linked with. */
    readonly exempt: readonly string[];
  };
  /** An automatic link whose lighter side has more parties than this waits for a person. */
  readonly firewall: { readonly parties: number };
}

export const DEFAULT_RULES: IdentityRules = {
  name: 'default',
  version: 0,
  limits: { loyalty: 1, user: 1 },
  blocked: [
    { kind: 'email', pattern: '^test@' },
    { kind: 'email', pattern: '^noreply@' },
    { kind: 'email', pattern: '^no-reply@' },
    { kind: '*', pattern: '^0+$' },
    { kind: '*', pattern: '^(\\d)\\1{5,}$' },
  ],
  fanOut: { most: { loyalty: 5, user: 5, email: 5, phone: 5 }, exempt: ['loyalty', 'user'] },
  firewall: { parties: 1000 },
};

/** `name@version`, by which rules are named wherever they are told of. */
export const rulesName = ({ name, version }: IdentityRules): string => `${name}@${version}`;

/** Whether two are the same, to the letter: name, version and content. */
export const sameRules = (one: IdentityRules, other: IdentityRules): boolean =>
  canonicalJson(one as unknown as JsonObject) === canonicalJson(other as unknown as JsonObject);

/** Whether the rules block a value; made once for a set of rules, since patterns are compiled. */
export function blocks(rules: IdentityRules): (kind: string, value: string) => boolean {
  const values = new Set<string>();
  const patterns: { kind: string; pattern: RegExp }[] = [];
  for (const { kind, value, pattern } of rules.blocked) {
    if (value !== undefined) values.add(`${kind}:${value}`);
    if (pattern !== undefined) patterns.push({ kind, pattern: new RegExp(pattern, 'u') });
  }
  return (kind, value) =>
    values.has(`${kind}:${value}`) ||
    values.has(`*:${value}`) ||
    patterns.some((one) => (one.kind === '*' || one.kind === kind) && one.pattern.test(value));
}

/** What is wrong with a file of rules, and where: `path` is a JSON Pointer (RFC 6901). */
export interface RulesProblem {
  readonly path: string;
  readonly message: string;
}

/** Reads a file of rules; every mistake is named at once. */
export function readIdentityRules(
  file: Json,
): { readonly rules: IdentityRules } | { readonly problems: readonly RulesProblem[] } {
  const problems: RulesProblem[] = [];
  const wrong = (path: string, message: string): undefined => void problems.push({ path, message });
  if (!isObject(file)) return { problems: [{ path: '', message: 'expected an object' }] };
  unknownMembers(file, ['name', 'version', 'limits', 'blocked', 'fanOut', 'firewall'], '', wrong);
  const { name, version } = file;
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))
    wrong('/name', 'expected a name of 1 to 64 letters, digits, dots, dashes');
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    wrong('/version', 'expected a whole number from 1');
  const rules = {
    name: name as string,
    version: version as number,
    limits: counts(file['limits'], '/limits', 1, wrong) ?? DEFAULT_RULES.limits,
    blocked: blockedOf(file['blocked'], wrong) ?? DEFAULT_RULES.blocked,
    fanOut: fanOutOf(file['fanOut'], wrong),
    firewall: firewallOf(file['firewall'], wrong),
  };
  return problems.length > 0 ? { problems } : { rules };
}

type Wrong = (path: string, message: string) => undefined;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const token = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1');

function unknownMembers(given: JsonObject, known: readonly string[], path: string, wrong: Wrong): void {
  for (const member of Object.keys(given)) {
    if (!known.includes(member))
      wrong(`${path}/${token(member)}`, `is not known here: expected ${known.join(', ')}`);
  }
}

function counts(
  given: Json | undefined,
  path: string,
  least: number,
  wrong: Wrong,
): Record<string, number> | undefined {
  if (given === undefined) return undefined;
  if (!isObject(given)) return wrong(path, 'expected an object of kinds and numbers');
  for (const [kind, count] of Object.entries(given)) {
    if (kind === '') wrong(`${path}/`, 'expected a kind');
    else if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < least)
      wrong(`${path}/${token(kind)}`, `expected a whole number from ${least}`);
  }
  return { ...given } as Record<string, number>;
}

function blockedOf(given: Json | undefined, wrong: Wrong): BlockedRule[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) return wrong('/blocked', 'expected a list');
  given.forEach((rule, index) => {
    const path = `/blocked/${index}`;
    if (!isObject(rule)) return wrong(path, 'expected an object with kind and value or pattern');
    unknownMembers(rule, ['kind', 'value', 'pattern'], path, wrong);
    const { kind, value, pattern } = rule;
    if (typeof kind !== 'string' || kind === '')
      wrong(`${path}/kind`, 'expected a kind, or * for every kind');
    if ((value === undefined) === (pattern === undefined))
      wrong(path, 'expected either a value or a pattern');
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      wrong(`${path}/value`, 'expected a text');
    if (pattern !== undefined) checkPattern(pattern, `${path}/pattern`, wrong);
  });
  return given as unknown as BlockedRule[];
}

/** A pattern of this length is read by people. */
const LONGEST_PATTERN = 200;

function checkPattern(pattern: Json, path: string, wrong: Wrong): void {
  if (typeof pattern !== 'string' || pattern === '' || pattern.length > LONGEST_PATTERN) {
    wrong(path, `expected a regular expression of 1 to ${LONGEST_PATTERN} characters`);
    return;
  }
  try {
    void new RegExp(pattern, 'u');
  } catch (error) {
    wrong(path, `expected a regular expression: ${(error as Error).message}`);
  }
}

function fanOutOf(given: Json | undefined, wrong: Wrong): IdentityRules['fanOut'] {
  const { fanOut } = DEFAULT_RULES;
  if (given === undefined) return fanOut;
  if (!isObject(given)) return wrong('/fanOut', 'expected an object') ?? fanOut;
  unknownMembers(given, ['most', 'exempt'], '/fanOut', wrong);
  const most = counts(given['most'], '/fanOut/most', 1, wrong) ?? fanOut.most;
  const { exempt } = given;
  if (exempt === undefined) return { most, exempt: fanOut.exempt };
  if (!Array.isArray(exempt) || !exempt.every((kind) => typeof kind === 'string')) {
    wrong('/fanOut/exempt', 'expected a list of kinds');
    return fanOut;
  }
  return { most, exempt };
}

function firewallOf(given: Json | undefined, wrong: Wrong): IdentityRules['firewall'] {
  if (given === undefined) return DEFAULT_RULES.firewall;
  if (!isObject(given)) return wrong('/firewall', 'expected an object') ?? DEFAULT_RULES.firewall;
  unknownMembers(given, ['parties'], '/firewall', wrong);
  const { parties } = given;
  if (typeof parties !== 'number' || !Number.isSafeInteger(parties) || parties < 1)
    wrong('/firewall/parties', 'expected a whole number from 1');
  return { parties: parties as number };
}
