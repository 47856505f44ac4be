import type { Broker } from '@threadline/broker/broker';
import type { Append, AppendResult, NewEvent } from '@threadline/event-store/event-store';

/** The topic of appends that are decided elsewhere (keys, people's decisions): the log has one writer. */
export const APPENDS = 'decisions.inbound';

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

interface WrittenEvent {
  id: string;
  type: string;
  data: string;
  metadata?: string;
}

/** Appends as the body of a message. */
export function writeAppends(appends: readonly Append[]): Uint8Array {
  const written = appends.map(({ stream, expected, events }) => ({
    stream,
    expected,
    events: events.map(({ id, type, data, metadata }): WrittenEvent => ({
      id,
      type,
      data: base64(data),
      ...(metadata && { metadata: base64(metadata) }),
    })),
  }));
  return Buffer.from(JSON.stringify(written));
}

/** The reverse of `writeAppends`; only ours come on the topic. */
export function readAppends(body: Uint8Array): Append[] {
  const written = JSON.parse(Buffer.from(body).toString('utf8')) as (Omit<Append, 'events'> & {
    events: WrittenEvent[];
  })[];
  return written.map(({ stream, expected, events }) => ({
    stream,
    expected,
    events: events.map(({ id, type, data, metadata }): NewEvent => ({
      id,
      type,
      data: Buffer.from(data, 'base64'),
      ...(metadata !== undefined && { metadata: Buffer.from(metadata, 'base64') }),
    })),
  }));
}

/** The log's `append` through its one writer, wherever that runs. */
export async function appendThrough(broker: Broker, appends: readonly Append[]): Promise<AppendResult[]> {
  const [results] = await broker.publish([{ topic: APPENDS, headers: {}, body: writeAppends(appends) }]);
  return results as AppendResult[];
}
