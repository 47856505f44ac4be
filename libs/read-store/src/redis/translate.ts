import { ThreadlineError } from '@threadline/platform/errors';
import { ReadStoreBusyError, ReadStoreSettingsError } from './errors.js';

/** Answers of a Redis that starts, hands over or moves a slot: the same succeeds soon. */
const PASSING = new Set([
  ...['LOADING', 'MASTERDOWN', 'READONLY', 'NOREPLICAS'],
  ...['CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'EXECABORT'],
]);
/** It is there, and cannot take a write before somebody makes room. */
const FULL = new Set(['OOM', 'MISCONF', 'BUSY']);

/** The first word of what the server answered; undefined where it answered nothing (the connection broke). */
const answerOf = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? error.message.split(' ', 1)[0] : undefined;

/** May the same succeed within seconds? */
export function isPassing(error: unknown): boolean {
  if (error instanceof ThreadlineError) return false;
  const answer = answerOf(error);
  return answer === undefined ? error instanceof Error : PASSING.has(answer);
}

/** One of ours for whatever the driver throws; its cause is kept. */
export function translate(error: unknown): unknown {
  if (error instanceof ThreadlineError || !(error instanceof Error)) return error;
  const answer = answerOf(error);
  if (answer === undefined || PASSING.has(answer))
    return new ReadStoreBusyError("the read models' Redis is out of reach", error);
  if (FULL.has(answer))
    return new ReadStoreBusyError(`the read models' Redis takes no write for now (${answer})`, error);
  return new ReadStoreSettingsError(`the read models' Redis cannot be used: ${error.message}`, error);
}
