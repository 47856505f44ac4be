import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { textFaults } from './json-text.js';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON, and what is nearly JSON: pieces of it in any order. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom('{', '}', '[', ']', ':', ',', ' ', '\n', '"', '\\', '0', '-', '.', 'e', '1', 'null'),
      fc.constantFrom('true', 'false', '"a"', '"\\u00e9"', '"\\x"', '\u0001', '\u00a0', '\ud800', '12.5e-3'),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

const withoutRepeats = (faults: readonly { path: string; message: string }[]): unknown[] =>
  faults.filter(({ message }) => message !== 'comes twice');

describe('a JSON text that a person wrote', () => {
  it('is one exactly where it can be parsed', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearly,
          fc.json({ maxDepth: 4 }),
          fc.json({ maxDepth: 3 }).map((t) => t.slice(1)),
        ),
        (text) => {
          assert.equal(withoutRepeats(textFaults(text)).length === 0, parses(text), text);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  const places: [text: string, message: string][] = [
    ['', 'line 1, column 1: expected a value, but the text ends'],
    ['{', 'line 1, column 2: expected the name of a member, in double quotes, but the text ends'],
    ["{ 'a': 1 }", 'line 1, column 3: expected the name of a member, in double quotes, but "\'" came'],
    ['{\n  "a" 1\n}', 'line 2, column 7: expected a colon, but "1" came'],
    [
      '{\r\n  "a": 1,\r\n}',
      'line 3, column 1: expected the name of a member, in double quotes, but "}" came',
    ],
    ['[1\n2]', 'line 2, column 1: expected a comma or ], but "2" came'],
    ['{"a": 1 "b": 2}', 'line 1, column 9: expected a comma or }, but "\\"" came'],
    ['[1, 😀]', 'line 1, column 5: expected a value, but "😀" came'],
    ['{} {}', 'line 1, column 4: expected the end, but "{" came'],
    ['01', 'line 1, column 2: expected the end, but "1" came'],
    ['"a\nb"', 'line 1, column 1: expected a value, but "\\"" came'],
  ];
  for (const [text, message] of places) {
    it(`is told where it stops being one: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(textFaults(text), [{ path: '', message }]);
    });
  }

  it('tells the members that come twice', () => {
    assert.deepEqual(textFaults('{ "a": [{ "b/c": 1, "b\\u002fc": 2 }], "d": {}, "a": 1 }'), [
      { path: '/a/0/b~1c', message: 'comes twice' },
      { path: '/a', message: 'comes twice' },
    ]);
  });

  it('may be nested, but not without end', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    assert.deepEqual(textFaults(nested(100)), []);
    assert.match(textFaults(nested(50_000))[0]?.message ?? '', /expected at most 100 levels/);
  });
});
