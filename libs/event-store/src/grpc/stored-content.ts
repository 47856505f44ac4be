/** What EventStoreDB keeps of an event besides what the log has a place for. */
export interface Content {
  /** `application/json`, or else `application/octet-stream`. */
  readonly json: boolean;
  readonly metadata: Uint8Array;
}

/** Begins the metadata of what is not plain: no JSON text begins with it, and every event of our own has JSON or none. */
const MARK = 0;
const BINARY = 0x62;
const JSON_TEXT = 0x6a;

const NONE = new Uint8Array();

/**
 * The metadata to store. JSON with ordinary metadata is stored as it came, like every event of the hub; anything else
 * gets two bytes in front that tell what it is. So the content type is under the content hash, and the log's form stays.
 */
export function storedMetadata({ json, metadata }: Content): Uint8Array | undefined {
  if (json && metadata[0] !== MARK) return metadata.length === 0 ? undefined : metadata;
  const stored = new Uint8Array(metadata.length + 2);
  stored[0] = MARK;
  stored[1] = json ? JSON_TEXT : BINARY;
  stored.set(metadata, 2);
  return stored;
}

/** The way back. */
export function contentOf(stored: Uint8Array | undefined): Content {
  if (stored === undefined) return { json: true, metadata: NONE };
  if (stored[0] !== MARK) return { json: true, metadata: stored };
  return { json: stored[1] !== BINARY, metadata: stored.subarray(2) };
}
