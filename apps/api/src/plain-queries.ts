import type { CustomerQueryDto, LogQueryDto, TimelineQueryDto } from '@threadline/contracts/read-queries';
import { readPosition, readTime } from '@threadline/contracts/read-time';
import type { Position } from '@threadline/event-store/event-store';
import type { Clocks, TimelineQuery } from '@threadline/read-store/customers/customer-reads';

/** What was checked at the edge becomes plain values here: numbers, milliseconds, lists. */

export const wholeNumber = (given: string | undefined, otherwise: number): number =>
  given === undefined ? otherwise : Number(given);

const timeOf = (given: string | undefined): number | undefined =>
  given === undefined ? undefined : readTime(given);

/** The two clocks; a time of `knownAt` becomes the last position that was recorded at or before it. */
export function clocksOf(query: CustomerQueryDto, positionAt: (time: number) => Position): Clocks {
  const asOf = timeOf(query.asOf);
  const knownAt =
    query.knownAt === undefined
      ? undefined
      : (readPosition(query.knownAt) ?? positionAt(readTime(query.knownAt) ?? 0));
  return { ...(asOf === undefined ? {} : { asOf }), ...(knownAt === undefined ? {} : { knownAt }) };
}

export function timelineQueryOf(query: TimelineQueryDto): TimelineQuery {
  const from = timeOf(query.from);
  const to = timeOf(query.to);
  return {
    limit: wholeNumber(query.limit, 50),
    order: query.order === 'asc' ? 'asc' : 'desc',
    ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    ...(query.channel === undefined ? {} : { channel: query.channel }),
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.q === undefined || query.q.trim() === '' ? {} : { q: query.q }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** A page of any other list. */
export const pageOf = (
  query: { limit?: string; cursor?: string },
  otherwise: number,
): { limit: number; cursor?: string } => ({
  limit: wholeNumber(query.limit, otherwise),
  ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
});

export interface LogQuery {
  readonly after: Position;
  readonly types?: readonly string[];
  /** Absent: to the end of the log as it is now. */
  readonly limit?: number;
  readonly lines: boolean;
}

export function logQueryOf(query: LogQueryDto): LogQuery {
  const lines = query.format === 'ndjson';
  const types =
    query.types === undefined ? undefined : [query.types].flat().flatMap((list) => list.split(','));
  const limit = lines && query.limit === undefined ? undefined : wholeNumber(query.limit, 100);
  return {
    after: wholeNumber(query.after, 0),
    lines,
    ...(types === undefined ? {} : { types: types.map((type) => type.trim()) }),
    ...(limit === undefined ? {} : { limit }),
  };
}
