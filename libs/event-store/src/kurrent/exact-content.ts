/**
 * The driver parses JSON that it reads. What would not be the same byte for byte when it is written again is sent so that
 * it is not parsed.
 */

/** Are these bytes a JSON text exactly as it is written again when it was parsed? */
export function isExactJson(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    // Text that is no UTF-8 has lost bytes already.
    return JSON.stringify(value) === text && Buffer.byteLength(text) === bytes.length;
  } catch {
    return false;
  }
}

export const jsonBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** No JSON text begins with it. */
const MARK = 0;

/** Metadata to send: exact JSON and what is none as they are, the rest behind a mark. */
export function sentMetadata(metadata: Uint8Array | undefined): Uint8Array | undefined {
  if (metadata === undefined || metadata.length === 0) return undefined;
  if (metadata[0] !== MARK && (isExactJson(metadata) || !isJson(metadata))) return metadata;
  const marked = new Uint8Array(metadata.length + 1);
  marked[0] = MARK;
  marked.set(metadata, 1);
  return marked;
}

/** Metadata as they were sent: the driver gives JSON parsed, and anything else as bytes. */
export function gotMetadata(metadata: unknown): Uint8Array | undefined {
  if (metadata === undefined) return undefined;
  if (!(metadata instanceof Uint8Array)) return jsonBytes(metadata);
  return metadata[0] === MARK ? metadata.subarray(1) : metadata;
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
