import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { readRulesFile } from './rules-file.js';

const read = (text: string): ReturnType<typeof readRulesFile> => readRulesFile(Buffer.from(text));

describe('a file of identity rules', () => {
  it('is read, a byte order mark aside; what is absent is the default', () => {
    const rules = { ...DEFAULT_RULES, name: 'maison', version: 2 };
    assert.deepEqual(read('\ufeff{ "name": "maison", "version": 2 }\n'), { rules });
  });

  it('tells every mistake: of the text, of its characters, of the rules', () => {
    const text = '{ "name": "\\ud800", "version": 1, "version": 2, "limits": { "user": 1e999 } }';
    assert.deepEqual(read(text), {
      problems: [
        { path: '/version', message: 'comes twice' },
        { path: '/name', message: 'expected Unicode text, but a lone surrogate came' },
        { path: '/limits/user', message: 'expected a number within the range of a double' },
        { path: '/name', message: 'expected a name of 1 to 64 letters, digits, dots, dashes' },
        { path: '/limits/user', message: 'expected a whole number from 1' },
      ],
    });
  });

  it('tells where it is no JSON, no UTF-8, or too large', () => {
    const messageOf = (bytes: Uint8Array): string | undefined => {
      const file = readRulesFile(bytes);
      return 'problems' in file ? file.problems[0]?.message : undefined;
    };
    assert.equal(
      messageOf(Buffer.from('{')),
      'line 1, column 2: expected the name of a member, in double quotes, but the text ends',
    );
    assert.equal(messageOf(Buffer.from([0x22, 0xff, 0x22])), 'expected UTF-8');
    assert.match(messageOf(Buffer.alloc(1_048_577, 0x20)) ?? '', /expected at most 1048576 bytes/);
  });
});
