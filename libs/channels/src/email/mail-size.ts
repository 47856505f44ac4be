import type { JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { isObject } from '../json-text.js';

/** The hub takes 1 MiB an event; the rest is for what a batch puts around it. */
export const LARGEST_EVENT = 1024 * 1024 - 1024;

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * A mail that is too large for one event loses its HTML first, then the end of its text: the rest is worth more than
 * a refusal. What was cut is told in `data.truncated` (the bytes that it had) and in `notes`.
 */
export function fitted(event: CloudEventJson, notes: string[]): CloudEventJson {
  const content = event.data?.['content'];
  if (sizeOf(event) <= LARGEST_EVENT || event.data === undefined || !isObject(content)) return event;
  const truncated: JsonObject = {};
  const data: JsonObject = { ...event.data, truncated };
  const small: CloudEventJson = { ...event, data };
  const { html, ...rest } = content;
  data['content'] = rest;
  if (typeof html === 'string') {
    truncated['html'] = Buffer.byteLength(html);
    notes.push('its HTML is left out: too large for one event');
  }
  const { text } = rest;
  if (sizeOf(small) > LARGEST_EVENT && typeof text === 'string') {
    truncated['text'] = Buffer.byteLength(text);
    notes.push('the end of its text is left out: too large for one event');
    const room = Math.max(0, LARGEST_EVENT - (sizeOf(small) - sizeOf(text)) - 64);
    data['content'] = { ...rest, text: beginning(text, room) };
  }
  return small;
}

/** As much of the text as takes no more than `bytes` in JSON. */
function beginning(text: string, bytes: number): string {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sizeOf(text.slice(0, middle)) <= bytes) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low).toWellFormed();
}
