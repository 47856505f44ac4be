import type { Json } from '@threadline/domain/canonical-json';

/** Names what is wrong with a mapping, and where (a JSON Pointer). */
export type Complain = (path: string, message: string) => void;

/** A value as it stands in a message; long ones are cut. */
export function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
