import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beside, cut, pad, paint, rule, width, wrap } from './demo-terminal.js';

describe('the terminal', () => {
  it('counts two columns for a Chinese character and none for a colour', () => {
    assert.equal(width('陈雨岚'), 6);
    assert.equal(width('，。'), 4);
    assert.equal(width('Élodie'), 6);
    assert.equal(width('E\u0301lodie'), 6);
    assert.equal(width(paint(true).good('yes')), 3);
  });

  it('cuts between characters, with an ellipsis', () => {
    assert.equal(cut('海棠红真丝连衣裙', 16), '海棠红真丝连衣裙');
    assert.equal(cut('海棠红真丝连衣裙', 8), '海棠红…');
    assert.equal(cut('two words', 5), 'two…');
  });

  it('pads and wraps by columns', () => {
    assert.equal(pad('海棠', 6), '海棠  ');
    assert.deepEqual(wrap('prefers to browse alone', 10), ['prefers to', 'browse', 'alone']);
    assert.deepEqual(wrap('海棠红真丝', 4), ['海棠', '红真', '丝']);
    assert.deepEqual(wrap('', 10), []);
  });

  it('sets blocks beside each other and heads a page', () => {
    assert.deepEqual(beside(['a'], ['b', 'c'], 3), ['a  b', '   c']);
    assert.equal(width(rule('The goldfish', paint(false))), 100);
    assert.equal(width(rule('The goldfish', paint(true))), 100);
  });
});
