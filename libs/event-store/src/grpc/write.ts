import { randomUUID } from 'node:crypto';
import type { AppendResult, NewEvent, Position } from '../event-store.js';
import {
  accessDenied,
  appendTooLarge,
  invalid,
  isInvalidAppend,
  refusalOf,
  streamDeleted,
} from './refusals.js';
import { isOwn, type Served } from './served-log.js';
import { describedBy, isMetaStream, metaStreamOf } from './described-streams.js';
import { lastOf, METADATA, revivalOf, streamState, TOMBSTONE } from './stream-state.js';
import { wireSize } from './wire.js';

/** Bytes of one append, at most; a server's own limit is told to the client. */
export const MOST_BYTES = 4 * 1024 * 1024;

export type Expected = number | 'no-stream' | 'any' | 'stream-exists';

export interface WantedAppend {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly NewEvent[];
}

export type WriteResult =
  /** `revision` is -1 where nothing was appended to a stream that is not there. */
  | { readonly status: 'written'; readonly revision: number; readonly position?: Position }
  | { readonly status: 'wrong-revision'; readonly actual: number };

/** EventStoreDB's own numbers for what is expected. */
export function expectedNumber(expected: Expected): number {
  switch (expected) {
    case 'no-stream':
      return -1;
    case 'any':
      return -2;
    case 'stream-exists':
      return -4;
    default:
      return expected;
  }
}

/** Who may write that stream? Of its own streams a hub's log takes nothing from outside. */
export function requireWritable(stream: string, { ownership }: Served): void {
  if (isOwn(stream, ownership))
    throw accessDenied(`'${stream}' is the hub's own and is not written from outside.`);
}

/** Sums what the events of one append take, and refuses the one too many. */
export class AppendSize {
  #bytes = 0;

  add(event: NewEvent): void {
    this.#bytes += wireSize(event);
    if (this.#bytes > MOST_BYTES) throw appendTooLarge(MOST_BYTES);
  }
}

/**
 * One append, as EventStoreDB does it: sent again it answers like the first time, and what was deleted may be written
 * again, from the next revision on. Throws a `Refusal`.
 */
export async function write(served: Served, wanted: WantedAppend): Promise<WriteResult> {
  const { stream, expected, events } = wanted;
  requireWritable(stream, served);
  for (;;) {
    await served.ending.get(stream);
    // A new stream, of which nothing is said: the log alone decides, without a look at what is not there.
    if (expected === 'no-stream' && events.length > 0 && isPlain(served, stream)) {
      const result = await append(served, { stream, expected, events });
      if (result.status !== 'wrong-revision') return written(result);
      if (lastOf(served.log, stream)?.type === TOMBSTONE) throw streamDeleted(stream);
      return result;
    }
    const revived = deletedBy(served, stream);
    if (revived !== undefined && events.length > 0) return describe(served, wanted, revived);
    const state = streamState(served, stream);
    if (state.status === 'tombstoned' || describesTombstone(served, stream)) throw streamDeleted(stream);
    const last = state.status === 'missing' ? -1 : state.last;
    if (events.length === 0) return nothing(expected, state.status === 'open' ? last : -1);
    if (expected === 'stream-exists') {
      if (state.status === 'deleted') throw streamDeleted(stream);
      if (state.status === 'missing' && !state.described) return { status: 'wrong-revision', actual: -1 };
    }
    const reviving = state.status === 'deleted' && (expected === last || typeof expected === 'string');
    const result = await append(served, {
      stream,
      expected: reviving ? last : expected === 'stream-exists' ? 'any' : expected,
      events,
    });
    if (result.status === 'wrong-revision') {
      // Somebody else was faster in reviving it: that is no answer to one who did not care.
      if (reviving && expected !== last) continue;
      return result;
    }
    if (reviving && result.status === 'appended') {
      await append(served, {
        stream: metaStreamOf(stream),
        expected: 'any',
        events: [{ id: randomUUID(), type: METADATA, data: revivalOf(state.since, last + 1) }],
      });
    }
    return written(result);
  }
}

/** The last revision of the deleted stream that this one is about; `undefined` where it is about none. */
function deletedBy(served: Served, stream: string): number | undefined {
  if (!isMetaStream(stream)) return undefined;
  const state = streamState(served, describedBy(stream));
  return state.status === 'deleted' ? state.last : undefined;
}

/**
 * What is said of a deleted stream ends its deletion, as in EventStoreDB, but brings back no event: that is said along
 * with it, in the same append.
 */
async function describe(served: Served, wanted: WantedAppend, last: number): Promise<WriteResult> {
  const said = wanted.events.at(-1);
  const data = revivalOf(said ?? { data: new Uint8Array() }, last + 1);
  const expected = wanted.expected === 'stream-exists' ? 'any' : wanted.expected;
  const events = [...wanted.events, { id: randomUUID(), type: METADATA, data }];
  const result = await append(served, { stream: wanted.stream, expected, events });
  if (result.status === 'wrong-revision') return result;
  return written({ revision: result.revision - 1, position: result.position - 1 });
}

const written = ({ revision, position }: { revision: number; position: Position }): WriteResult => ({
  status: 'written',
  revision,
  position,
});

const isPlain = ({ described }: Served, stream: string): boolean =>
  !described.has(stream) && !isMetaStream(stream);

const describesTombstone = ({ log }: Served, stream: string): boolean =>
  isMetaStream(stream) && lastOf(log, describedBy(stream))?.type === TOMBSTONE;

function nothing(expected: Expected, actual: number): WriteResult {
  const fits =
    expected === 'any' || (expected === 'stream-exists' ? actual >= 0 : expectedNumber(expected) === actual);
  return fits ? { status: 'written', revision: actual } : { status: 'wrong-revision', actual };
}

/** Through the one writer; what no log could take is the caller's fault. */
export async function append(
  served: Served,
  wanted: { stream: string; expected: number | 'no-stream' | 'any'; events: readonly NewEvent[] },
): Promise<AppendResult> {
  served.described.written(wanted.stream);
  const [result] = await served.append([wanted]).catch((error: unknown) => {
    throw isInvalidAppend(error) ? invalid(error.message) : error;
  });
  if (result === undefined) throw refusalOf(new Error('the append was not answered'));
  return result;
}
