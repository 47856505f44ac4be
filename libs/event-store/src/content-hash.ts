import { hash } from 'node:crypto';
import type { NewEvent } from './event-store.js';

/** Longest event that is hashed in the kept buffer; larger ones get a buffer of their own. */
const KEPT_BYTES = 2 * 1024 * 1024;

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

function room(bytes: number): Buffer {
  if (bytes <= scratch.length) return scratch;
  const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  if (bytes <= KEPT_BYTES) scratch = larger;
  return larger;
}

/**
 * SHA-256 over everything of an event that must never change, as 43 characters of base64url. Lengths come first, so
 * that no two events have the same bytes. One contiguous buffer and a one-shot hash: half the cost of `createHash`.
 */
export function contentHash(stream: string, revision: number, recordedAt: number, event: NewEvent): string {
  const { id, type, data, metadata } = event;
  const head = `${stream.length} ${type.length} ${data.length} ${metadata?.length ?? '-'} ${revision} ${recordedAt} ${id}${stream}${type}`;
  // At most three bytes of UTF-8 for a UTF-16 unit.
  const buffer = room(head.length * 3 + data.length + (metadata?.length ?? 0));
  let end = buffer.write(head, 0, 'utf8');
  buffer.set(data, end);
  end += data.length;
  if (metadata !== undefined) {
    buffer.set(metadata, end);
    end += metadata.length;
  }
  return hash('sha256', buffer.subarray(0, end), 'base64url');
}
