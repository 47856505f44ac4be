import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamGuess } from './stream-guess.js';

const learn = (guess: StreamGuess, source: string, existed: boolean, times: number): void => {
  for (let i = 0; i < times; i++) guess.learn(source, existed);
};

describe('the guess whether an interaction is new', () => {
  it('is yes until a source shows otherwise, and of each source its own', () => {
    const guess = new StreamGuess();
    assert.ok(guess.isNew('/mail'));
    learn(guess, '/chat', true, 2);
    assert.ok(!guess.isNew('/chat') && guess.isNew('/mail'));
  });

  it('forgives an exception, and follows a source that changes its ways', () => {
    const guess = new StreamGuess();
    guess.learn('/mail', true);
    assert.ok(guess.isNew('/mail'));
    learn(guess, '/chat', true, 100);
    learn(guess, '/chat', false, 10);
    assert.ok(!guess.isNew('/chat'));
    learn(guess, '/chat', false, 20);
    assert.ok(guess.isNew('/chat'));
  });
});
