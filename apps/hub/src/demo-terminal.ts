import { stripVTControlCharacters } from 'node:util';

/** How many columns the demo writes at most: it fits a terminal of any age, and a README. */
export const COLUMNS = 100;

export interface Paint {
  title(text: string): string;
  label(text: string): string;
  quiet(text: string): string;
  good(text: string): string;
  warn(text: string): string;
}

const plain = (text: string): string => text;
const sgr =
  (code: string) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;

/** Colours on a terminal, plain text into a pipe. `NO_COLOR` (no-color.org) is the caller's to look at. */
export const paint = (colours: boolean): Paint =>
  colours
    ? { title: sgr('1'), label: sgr('36'), quiet: sgr('2'), good: sgr('32'), warn: sgr('33') }
    : { title: plain, label: plain, quiet: plain, good: plain, warn: plain };

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns that a text takes: Chinese takes two a character, a colour takes none. */
export function width(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text)))
    columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

/** Cut to `columns`, with an ellipsis where something is missing. Not for painted text. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = WIDE.test(segment) ? 2 : 1;
    if (used + next > columns - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept.trimEnd()}…`;
}

export const pad = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)));

/** Broken at spaces, and within a word only where it is longer than a line (Chinese has no spaces). */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && width(line) + 1 + width(word) <= columns) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const { segment } of graphemes.segment(word)) {
      if (width(line) + width(segment) > columns) {
        lines.push(line);
        line = '';
      }
      line += segment;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Two blocks beside each other. */
export function beside(left: readonly string[], right: readonly string[], leftColumns: number): string[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) =>
    `${pad(left[row] ?? '', leftColumns)}${right[row] ?? ''}`.trimEnd(),
  );
}

/** A sentence, indented. */
export const paragraph = (text: string): string[] => wrap(text, COLUMNS - 2).map((line) => `  ${line}`);

/** A heading across the page. */
export const rule = (title: string, look: Paint): string =>
  `${look.title(title)} ${look.quiet('─'.repeat(Math.max(0, COLUMNS - width(title) - 1)))}`;
