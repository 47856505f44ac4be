import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Filter, RecordedEvent } from '../event-store.js';
import { invalid } from './refusals.js';

type FilterOptions = streams.ReadReq.Options.FilterOptions;

/** Events that are looked at between two checkpoints, times the client's multiplier, where it names no window. */
const WINDOW = 32;

export interface EventFilter {
  readonly passes: (event: RecordedEvent) => boolean;
  /** What the log can skip by itself. */
  readonly skipped: Filter;
  /** Events looked at between two checkpoints. */
  readonly checkpointEvery: number;
}

/**
 * The filter of a request. A regular expression is JavaScript's in Unicode mode, which refuses what .NET's dialect has
 * of its own (`\A`, `(?i)`, `(?x)`) instead of reading something else into it.
 */
export function eventFilter(options: FilterOptions | undefined): EventFilter | undefined {
  if (options === undefined) return undefined;
  const onStream = options.getStreamIdentifier();
  const expression = onStream ?? options.getEventType();
  if (expression === undefined) throw invalid('The filter is neither on stream names nor on event types.');
  const window = options.hasMax() ? options.getMax() : WINDOW;
  const checkpointEvery = window * (options.getCheckpointintervalmultiplier() || 1);
  const nameOf = (event: RecordedEvent): string => (onStream === undefined ? event.type : event.stream);
  const regex = expression.getRegex();
  const prefixes = expression.getPrefixList();
  if (regex !== '') {
    const pattern = patternOf(regex);
    return { passes: (event) => pattern.test(nameOf(event)), skipped: {}, checkpointEvery };
  }
  if (prefixes.length === 0) throw invalid('The filter has neither a regular expression nor a prefix.');
  return {
    passes: (event) => prefixes.some((prefix) => nameOf(event).startsWith(prefix)),
    skipped: onStream === undefined ? {} : { prefixes },
    checkpointEvery,
  };
}

function patternOf(regex: string): RegExp {
  try {
    return new RegExp(regex, 'u');
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'The regular expression cannot be read.');
  }
}
