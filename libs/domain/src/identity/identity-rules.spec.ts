import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '../canonical-json.js';
import { blocks, DEFAULT_RULES, readIdentityRules, rulesName, type RulesProblem } from './identity-rules.js';

const NAMED = { name: 'maison', version: 3 };
const problemsOf = (file: Json): readonly RulesProblem[] => {
  const read = readIdentityRules(file);
  return 'problems' in read ? read.problems : [];
};
const paths = (file: Json): string[] => problemsOf(file).map(({ path }) => path);

describe('a file of identity rules', () => {
  it('needs a name and a version; the rest is the default', () => {
    assert.deepEqual(readIdentityRules(NAMED), { rules: { ...DEFAULT_RULES, ...NAMED } });
    assert.equal(rulesName({ ...DEFAULT_RULES, ...NAMED }), 'maison@3');
  });

  it('is taken as it is where everything is said', () => {
    const rules = {
      ...NAMED,
      limits: {},
      blocked: [
        { kind: '*', value: 'x' },
        { kind: 'email', pattern: '@shop\\.example$' },
      ],
      fanOut: { most: { email: 1 }, exempt: [] },
      firewall: { parties: 1 },
    };
    assert.deepEqual(readIdentityRules(rules), { rules });
  });

  it('has the defaults within what it says half', () => {
    const read = readIdentityRules({ ...NAMED, fanOut: { most: { email: 9 } } });
    assert.deepEqual('rules' in read && read.rules.fanOut, {
      most: { email: 9 },
      exempt: DEFAULT_RULES.fanOut.exempt,
    });
    const other = readIdentityRules({ ...NAMED, fanOut: { exempt: ['phone'] } });
    assert.deepEqual('rules' in other && other.rules.fanOut, {
      most: DEFAULT_RULES.fanOut.most,
      exempt: ['phone'],
    });
  });

  it('reads the defaults themselves, once they have a version', () => {
    const rules = { ...DEFAULT_RULES, version: 1 };
    assert.deepEqual(readIdentityRules(rules as unknown as JsonObject), { rules });
    assert.deepEqual(paths(DEFAULT_RULES as unknown as JsonObject), ['/version']);
  });

  const mistakes: [what: string, file: Json, path: string][] = [
    ['no object', null, ''],
    ['a list', [], ''],
    ['a text', 'rules', ''],
    ['no name', { version: 1 }, '/name'],
    ['an empty name', { ...NAMED, name: '' }, '/name'],
    ['a name with a blank', { ...NAMED, name: 'a b' }, '/name'],
    ['a name with @', { ...NAMED, name: 'a@1' }, '/name'],
    ['a name of 65', { ...NAMED, name: 'a'.repeat(65) }, '/name'],
    ['a name that is a number', { ...NAMED, name: 1 }, '/name'],
    ['no version', { name: 'a' }, '/version'],
    ['a version of 0', { ...NAMED, version: 0 }, '/version'],
    ['a version of 1.5', { ...NAMED, version: 1.5 }, '/version'],
    ['a version in quotes', { ...NAMED, version: '1' }, '/version'],
    ['a version beyond what is exact', { ...NAMED, version: 2 ** 53 }, '/version'],
    ['an unknown member', { ...NAMED, limit: {} }, '/limit'],
    ['an unknown member with a slash', { ...NAMED, 'a/b~c': 1 }, '/a~1b~0c'],
    [
      'a member named like the prototype',
      JSON.parse('{"name":"a","version":1,"__proto__":{}}') as Json,
      '/__proto__',
    ],
    ['limits that are a list', { ...NAMED, limits: [] }, '/limits'],
    ['limits that are null', { ...NAMED, limits: null }, '/limits'],
    ['a limit of 0', { ...NAMED, limits: { loyalty: 0 } }, '/limits/loyalty'],
    ['a limit of half', { ...NAMED, limits: { loyalty: 0.5 } }, '/limits/loyalty'],
    ['a limit in quotes', { ...NAMED, limits: { 'a/b': '1' } }, '/limits/a~1b'],
    ['a limit of no kind', { ...NAMED, limits: { '': 1 } }, '/limits/'],
    ['blocked that is no list', { ...NAMED, blocked: {} }, '/blocked'],
    ['a blocked text', { ...NAMED, blocked: ['x'] }, '/blocked/0'],
    ['blocked without kind', { ...NAMED, blocked: [{ value: 'x' }] }, '/blocked/0/kind'],
    ['blocked of an empty kind', { ...NAMED, blocked: [{ kind: '', value: 'x' }] }, '/blocked/0/kind'],
    ['blocked without value and pattern', { ...NAMED, blocked: [{ kind: '*' }] }, '/blocked/0'],
    ['blocked with both', { ...NAMED, blocked: [{ kind: '*', value: 'x', pattern: 'x' }] }, '/blocked/0'],
    ['an empty value', { ...NAMED, blocked: [{ kind: '*', value: '' }] }, '/blocked/0/value'],
    ['a value that is a number', { ...NAMED, blocked: [{ kind: '*', value: 0 }] }, '/blocked/0/value'],
    [
      'an unknown member of a rule',
      { ...NAMED, blocked: [{ kind: '*', value: 'x', why: 1 }] },
      '/blocked/0/why',
    ],
    ['an empty pattern', { ...NAMED, blocked: [{ kind: '*', pattern: '' }] }, '/blocked/0/pattern'],
    ['a pattern that is none', { ...NAMED, blocked: [{ kind: '*', pattern: '(' }] }, '/blocked/0/pattern'],
    [
      'a pattern that needs no u',
      { ...NAMED, blocked: [{ kind: '*', pattern: '\\q' }] },
      '/blocked/0/pattern',
    ],
    [
      'a pattern of 201',
      { ...NAMED, blocked: [{ kind: '*', pattern: 'x'.repeat(201) }] },
      '/blocked/0/pattern',
    ],
    ['a pattern that is a list', { ...NAMED, blocked: [{ kind: '*', pattern: [] }] }, '/blocked/0/pattern'],
    ['fanOut that is a number', { ...NAMED, fanOut: 5 }, '/fanOut'],
    ['an unknown member of fanOut', { ...NAMED, fanOut: { least: {} } }, '/fanOut/least'],
    ['most that is a number', { ...NAMED, fanOut: { most: 5 } }, '/fanOut/most'],
    ['most of 0', { ...NAMED, fanOut: { most: { email: 0 } } }, '/fanOut/most/email'],
    ['exempt that is a text', { ...NAMED, fanOut: { exempt: 'user' } }, '/fanOut/exempt'],
    ['exempt that holds a number', { ...NAMED, fanOut: { exempt: [1] } }, '/fanOut/exempt'],
    ['a firewall that is a number', { ...NAMED, firewall: 5 }, '/firewall'],
    ['an unknown member of the firewall', { ...NAMED, firewall: { parties: 1, side: 1 } }, '/firewall/side'],
    ['an empty firewall', { ...NAMED, firewall: {} }, '/firewall/parties'],
    ['a firewall of 0', { ...NAMED, firewall: { parties: 0 } }, '/firewall/parties'],
  ];
  for (const [what, file, path] of mistakes) {
    it(`is refused with ${what}: ${path}`, () => {
      const problems = problemsOf(file);
      assert.deepEqual(
        problems.map((one) => one.path),
        [path],
      );
      assert.notEqual(problems[0]?.message, '');
    });
  }

  it('is told every mistake at once', () => {
    const file = {
      name: '',
      version: 0,
      limits: { a: 0, b: 1, c: -1 },
      blocked: [{ kind: 'email', pattern: '[' }, { kind: 'email', value: 'fine' }, 7],
      fanOut: { most: { d: 'x' }, exempt: 1 },
      firewall: { parties: -1 },
      more: true,
    };
    assert.deepEqual(paths(file).sort(), [
      '/blocked/0/pattern',
      '/blocked/2',
      '/fanOut/exempt',
      '/fanOut/most/d',
      '/firewall/parties',
      '/limits/a',
      '/limits/c',
      '/more',
      '/name',
      '/version',
    ]);
  });
});

describe('a blocked value', () => {
  const isBlocked = blocks({
    ...DEFAULT_RULES,
    blocked: [
      { kind: 'email', value: 'desk@shop.example' },
      { kind: '*', value: 'none' },
      { kind: 'phone', pattern: '^\\+44' },
    ],
  });

  it('is of its kind, or of every kind', () => {
    assert.ok(isBlocked('email', 'desk@shop.example'));
    assert.ok(!isBlocked('user', 'desk@shop.example'));
    assert.ok(isBlocked('loyalty', 'none') && isBlocked('email', 'none'));
    assert.ok(isBlocked('phone', '+442079460018'));
    assert.ok(!isBlocked('phone', '+33144556677') && !isBlocked('user', '+442079460018'));
  });

  it('is, unless it is said otherwise, what nobody would write down of himself', () => {
    const byDefault = blocks(DEFAULT_RULES);
    for (const value of ['test@example.org', 'noreply@shop.example', 'no-reply@shop.example'])
      assert.ok(byDefault('email', value) && !byDefault('user', value), value);
    for (const value of ['0', '0000000', '111111', '9999999999']) assert.ok(byDefault('phone', value), value);
    for (const value of ['11111', '1111112', 'contest@example.org', '10'])
      assert.ok(!byDefault('email', value), value);
  });
});
