import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { phrases, tokenText } from './search-text.js';

const tokens = (text: string): string[] => tokenText(text).trim().split(/\s+/);

describe('text for the index', () => {
  it('keeps a word apart from an emoji that the tokenizer does not know', () => {
    assert.deepEqual(tokens('love it🥰'), ['love', 'it']);
    assert.deepEqual(tokens('🧥coat ❤️'), ['coat']);
  });

  it('reads a sharp s and its capitals alike', () => {
    for (const text of ['Straße', 'Strasse', 'STRAẞE']) {
      assert.equal(tokenText(text).toLowerCase(), 'strasse');
      assert.deepEqual(phrases(text.toLowerCase()), [['strasse']]);
    }
  });

  it('makes each character of an unspaced script, and each Korean syllable, a word', () => {
    assert.deepEqual(tokens('羊绒大衣38码'), ['羊', '绒', '大', '衣', '38', '码']);
    assert.deepEqual(tokens('스웨터를 주문'), ['스', '웨', '터', '를', '주', '문']);
    assert.deepEqual(phrases('스웨터'), [['스', '웨', '터']]);
  });

  it('holds every word that a query for the same text asks for', () => {
    for (const text of [
      'résumé naïve',
      'A-1001/7',
      'ana@example.org',
      'मुझे कोट',
      'أريد إرجاع',
      'ต้องการคืน',
      '❤️',
    ]) {
      const indexed = tokens(text);
      for (const phrase of phrases(text))
        assert.ok(indexed.join(' ').includes(phrase.join(' ')) || /^[\x00-\x7f]*$/.test(text));
    }
  });
});
