import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { isObject, jsonText } from '../json-text.js';
import { given } from './vcon-check.js';

export interface Spoken {
  /** Seconds from the beginning, where it is told. */
  at?: number;
  speaker?: string;
  text: string;
}

/** The `body` of a dialog, an analysis or an attachment, decoded; `undefined` where there is none. */
export function bodyOf({ body, encoding }: JsonObject): Json | undefined {
  if (!given(body)) return undefined;
  if (encoding === 'base64url' && typeof body === 'string')
    return Buffer.from(body, 'base64url').toString('utf8');
  if (encoding !== 'json' || typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return body;
  }
}

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value.toWellFormed().trim() : '';

/**
 * What was said, of a transcript as the well-known services write it: text, `{transcript}`, `{text}`, or lists of
 * segments, utterances, paragraphs or messages, wherever they lie. `[]` where nothing of it is known.
 */
export function transcriptOf(body: Json | undefined): Spoken[] {
  if (typeof body === 'string') return paragraphs(body);
  if (Array.isArray(body)) return body.flatMap(spoken);
  if (!isObject(body)) return [];
  for (const name of [
    'segments',
    'utterances',
    'messages',
    'turns',
    'paragraphs',
    'transcript',
    'dialog',
    'text',
  ]) {
    const found = transcriptOf(body[name]);
    if (found.length > 0) return found;
  }
  for (const name of ['results', 'channels', 'alternatives', 'transcription', 'result']) {
    const inner = body[name];
    for (const each of Array.isArray(inner) ? inner : [inner]) {
      const found = isObject(each) ? transcriptOf(each) : [];
      if (found.length > 0) return found;
    }
  }
  return [];
}

function spoken(entry: Json): Spoken[] {
  if (typeof entry === 'string') return paragraphs(entry);
  if (!isObject(entry)) return [];
  const sentences = Array.isArray(entry['sentences']) ? entry['sentences'].flatMap(spoken) : [];
  const words =
    ['text', 'transcript', 'message', 'content', 'body']
      .map((name) => text(entry[name]))
      .find((each) => each !== '') ?? sentences.map((sentence) => sentence.text).join(' ');
  if (words === '') return [];
  const at = ['start', 'start_time', 'startTime', 'at', 'offset'].map((name) => entry[name]);
  const seconds = at.find((value): value is number => typeof value === 'number' && Number.isFinite(value));
  const who = ['speaker', 'speaker_name', 'role', 'channel', 'party'].map((name) => entry[name]);
  const speaker = who.find((value) => typeof value === 'number' || text(value) !== '');
  return [
    {
      ...(seconds === undefined ? {} : { at: seconds }),
      ...(given(speaker) ? { speaker: jsonText(speaker).toWellFormed() } : {}),
      text: words,
    },
  ];
}

/** Paragraphs with empty lines between, else lines; `Agent: Hello` names its speaker. */
function paragraphs(whole: string): Spoken[] {
  const plain = whole.replace(/\r\n?/g, '\n').toWellFormed();
  const parts = plain.includes('\n\n') ? plain.split(/\n\s*\n/) : plain.split('\n');
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, speaker, rest] = /^([\p{L}][\p{L}\p{N} ._-]{0,40}):\s+(\S.*)$/su.exec(part) ?? [];
      return speaker === undefined || rest === undefined ? { text: part } : { speaker, text: rest };
    });
}
