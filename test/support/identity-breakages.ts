import { one } from './breakages.js';

const NAIVE = 'libs/projections/dist/naive-identity.js';
const NAIVE_LINKS = 'libs/projections/dist/naive-links.js';
const NAIVE_SIDES = 'libs/projections/dist/naive-sides.js';
const RESOLVE = 'libs/domain/dist/identity/resolve-identity.js';
const SIDES = 'libs/domain/dist/identity/sides.js';
const GRAPH = 'libs/domain/dist/identity/identity-graph.js';

export const IDENTITY_TWINS = [
  one('anyOrder', 'decisions are taken as they came', [NAIVE, '.sort(compareMoments).reverse()', '']),
  one(
    'anyOrder',
    'links are taken as they came',
    [NAIVE_LINKS, '].sort(compareLinks);', '];'],
    [NAIVE, '].sort(compareLinks)', ']'],
  ),
  one('anyOrder', 'of a pair the last link counts', [NAIVE_LINKS, 'compareLinks(link, other) < 0', 'true']),
  one('anyOrder', 'links of one time are taken as they came', [
    NAIVE_LINKS,
    'compareMoments(a, b) || a.place - b.place',
    '0',
  ]),
  one('mergeAndUnmerge', 'the oldest decision goes first', [NAIVE, '.reverse()', '']),
  one('mergeAndUnmerge', 'nothing that people joined is taken apart', [
    NAIVE,
    'if (areApart(sides.of(a), sides.of(b)))',
    'if (false)',
  ]),
  one('mergeAndUnmerge', 'an unlink is forgotten where somebody joins later', [
    NAIVE_SIDES,
    'tell(many, unlink, which)',
    'undefined',
  ]),
  one('mergeAndUnmerge', 'an unlink speaks before one person has one card', [
    NAIVE,
    "if (sides.areTwoPeople(a, b)) return 'one-per-person';",
    "if (areApart(a, b)) return 'unlinked'; if (sides.areTwoPeople(a, b)) return 'one-per-person';",
  ]),
  one('awayAndBack', 'an unlink holds whatever was said since', [
    NAIVE,
    '.sort(compareMoments).reverse()',
    '.sort((a, b) => (a.type < b.type ? 1 : -1))',
  ]),
  one('awayAndBack', 'automatic links pass by an unlink', [NAIVE, "return 'unlinked';", 'return undefined;']),
  one('awayAndBack', 'a link is of two parties only', [NAIVE, 'of others)', 'of others.slice(0, 1))']),
  one('chains', 'the oldest decision goes first', [NAIVE, '.reverse()', '']),
  one('chains', 'what is on one side of an unlink is kept apart as well', [
    NAIVE_SIDES,
    'many.get(unlink) !== which',
    'many.has(unlink)',
  ]),
  one('resolvedAgrees', 'a value may have one of a kind less', [RESOLVE, 'now > limit', 'now >= limit']),
  one('resolvedAgrees', 'a person may have one of a kind less', [
    SIDES,
    'a + b > limits[index]',
    'a + b >= limits[index]',
  ]),
  one('resolvedAgrees', 'a firewall counts who is seen with the link', [
    RESOLVE,
    'traits(party).first < link.at',
    'traits(party).first <= link.at',
  ]),
  one('resolvedAgrees', 'an unlink holds for all or nobody', [
    RESOLVE,
    'sides.keepApart(event, apart, rest)',
    'sides.keepApart(event, parties, rest)',
  ]),
  one('followedAgrees', 'only what a link touches is computed again', [
    GRAPH,
    'further.length === 0',
    'true',
  ]),
  one('followedAgrees', 'who is seen earlier changes nothing', [
    GRAPH,
    'store.slack(customer) ?? -1) < 0',
    'store.slack(customer) ?? -1) < -9',
  ]),
  one('followedAgrees', 'joining two customers lifts nothing', [
    GRAPH,
    'if (!this.#isHarmless(one, other))',
    'if (false)',
  ]),
] as const;

const LINKS = 'libs/domain/dist/identity/identity-links.js';
const PAGES = 'libs/read-store/dist/identity/identity-reads.js';
const ROWS = 'libs/read-store/dist/sqlite/identity-statements.js';

/** The same on a whole hub. */
export const RULES_OF_IDENTITY_TWINS = [
  one('unmergeIsNever', 'an unlink speaks before one person has one card', [
    RESOLVE,
    'const kind = sides.tooMany(one, other, limits);',
    "if (sides.apart(one, other)) return { rule: 'unlinked', because: '' }; const kind = sides.tooMany(one, other, limits);",
  ]),
  one('unmergeIsNever', 'what was taken back is told to everybody', [
    PAGES,
    '...explain ? undone : []',
    '...undone',
  ]),
  one('unmergeIsNever', 'the oldest decision goes first', [LINKS, 'b.at - a.at ||', 'a.at - b.at ||']),
  one('awayAndBack', 'an unlink holds whatever was said since', [
    LINKS,
    'b.at - a.at ||',
    '(b.rest ? 1 : 0) - (a.rest ? 1 : 0) ||',
  ]),
  one('chainOfMerges', 'decisions are taken as they came', [RESOLVE, '].sort(compareDecisions)', ']']),
  one('pastStays', 'the rules of today count in the past', [
    ROWS,
    'max(position) FROM rules WHERE position <= ?',
    'max(position) FROM rules WHERE ? > 0',
  ]),
  one('pastStays', 'what was decided later counts in the past', [
    ROWS,
    'e.at <= ? AND d.decision <= ?',
    'e.at <= ? AND d.decision > 0 * ?',
  ]),
] as const;

const COMPARE = 'libs/domain/dist/identity/compare-identities.js';
const PLAN = 'libs/read-store/dist/identity/rules-plan.js';
const WRITER = 'libs/read-store/dist/identity/identity-writer.js';

/** Rules that are planned, applied, and taken back. */
export const RULES_AS_DATA_TWINS = [
  one('planIsWhatComes', 'links within one customer are told as well', [
    COMPARE,
    'apart.customerOf(a) === apart.customerOf(b)',
    'false',
  ]),
  one('planIsWhatComes', 'who is joined by others counts as unchanged', [
    COMPARE,
    'parts.size === 1 && are.get(now)?.size === 1',
    'parts.size === 1',
  ]),
  one('planIsWhatComes', 'the defaults count as in force', [PLAN, 'applied.at(-1)?.rules', 'undefined']),
  one('planIsWhatComes', 'nobody counts as a customer', [PLAN, '!== UNSEEN.first', '!== null']),
  one('thereAndBack', 'blocked values are not looked for', [
    WRITER,
    'judgeAgain(blocked,',
    'judgeAgain(new Set(),',
  ]),
  one('thereAndBack', 'who fans out is not looked for', [
    WRITER,
    'judgeAgain(blocked, rules.fanOut)',
    'judgeAgain(blocked, { most: {}, exempt: [] })',
  ]),
] as const;
