import { InvalidCursorError } from '@threadline/read-store/customers/customer-reads';
import { InvalidRequestError, NotFoundError } from './request-errors.js';

/** @throws NotFoundError */
export function found<T>(answer: T | undefined): T {
  if (answer === undefined) throw new NotFoundError('customer');
  return answer;
}

/** A cursor is the reads' own: only they can tell that it is none. */
export const paged = <T>(page: Promise<T>): Promise<T> =>
  page.catch((error: unknown) => {
    if (!(error instanceof InvalidCursorError)) throw error;
    throw new InvalidRequestError([
      { parameter: 'cursor', message: 'must be the `next` of an earlier page' },
    ]);
  });
