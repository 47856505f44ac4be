import { ThreadlineError } from '@threadline/platform/errors';
import { VaultBusyError, VaultFileError, VaultMissingError, VaultSettingsError } from '../errors.js';
import { MISSING } from './scripts.js';

/** Answers of a Redis that starts, hands over, moves, or has not counted its replicas yet: the same succeeds soon. */
const PASSING = new Set([
  ...['LOADING', 'MASTERDOWN', 'READONLY', 'NOREPLICAS'],
  ...['CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK'],
]);
/** It is there, and cannot take a write before somebody makes room. */
const FULL = new Set(['OOM', 'MISCONF', 'BUSY']);
const LOCKED_OUT = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED']);

/** The first word of what the server answered; `undefined` where it answered nothing (the connection broke). */
function answerOf(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'ReplyError' ? error.message.split(' ', 1)[0] : undefined;
}

/** May the same succeed within seconds? Then nothing is known of the outcome, and asking again does no harm. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ThreadlineError) return false;
  const answer = answerOf(error);
  return answer === undefined ? error instanceof Error : PASSING.has(answer);
}

/** The server knows the key elsewhere, or not at all: look up who serves it. */
export const isElsewhere = (error: unknown): boolean =>
  answerOf(error) === 'MOVED' || answerOf(error) === undefined;

/** One of ours for whatever the driver throws; its cause is kept. */
export function translate(error: unknown): unknown {
  if (error instanceof ThreadlineError || !(error instanceof Error)) return error;
  const answer = answerOf(error);
  if (answer === undefined || PASSING.has(answer)) {
    return new VaultBusyError("the vault's Redis is out of reach", error);
  }
  if (FULL.has(answer))
    return new VaultBusyError(`the vault's Redis takes no write for now (${answer})`, error);
  if (LOCKED_OUT.has(answer))
    return new VaultSettingsError(`the vault's Redis does not let us in (${answer})`, error);
  if (answer === MISSING) return new VaultMissingError(undefined, error);
  return new VaultFileError(`the vault's Redis cannot be used: ${error.message}`, error);
}
