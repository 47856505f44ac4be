import type { Message } from '../broker.js';
import type { Incoming, RawHeaders } from './driver.js';

const NONE = new Uint8Array();

/** A message as handlers see it: headers as text, repeated ones joined. */
export function asMessage({ topic, key, headers, body }: Incoming): Message {
  return {
    topic,
    headers: textHeaders(headers),
    body: body ?? NONE,
    ...(key !== null && { key: key.toString('utf8') }),
  };
}

export function textHeaders(headers: RawHeaders): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    text[name] = Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value);
  }
  return text;
}

const textOf = (value: Uint8Array | string): string =>
  typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
