import { compile } from 'html-to-text';

/** Deep or huge HTML is a known attack: beyond these it is cut. Characters. */
const LONGEST = 2_000_000;

const convert = compile({
  wordwrap: false,
  limits: { maxDepth: 200, ellipsis: '…' },
  selectors: [
    { selector: 'img', format: 'skip' },
    { selector: 'a', options: { ignoreHref: true } },
  ],
});

/** What a person would read of it. Never throws. */
export function textOfHtml(html: string): string {
  try {
    return convert(html.slice(0, LONGEST));
  } catch {
    // Nested so deeply that the parser's own stack ends: the words without their layout.
    return html
      .replace(/<[^<>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  }
}

/**
 * Line ends as LF (a copy of the mail through another server has others), no NUL, no lone surrogates: JSON and SQLite
 * take none of the last two.
 */
export const cleanText = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replaceAll('\0', '').toWellFormed();
