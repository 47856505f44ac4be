import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which of these texts can be read in any file below the folder: as UTF-8 or UTF-16, escaped as JSON, in hex, or in
 * base64 at any alignment. For tests; give texts of eight characters or more, or chance finds them too.
 */
export function foundInFiles(folder: string, texts: readonly string[]): { file: string; text: string }[] {
  const wanted = texts.map((text) => ({ text, forms: formsOf(text) }));
  const found: { file: string; text: string }[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const content = readFileSync(file);
    for (const { text, forms } of wanted) {
      if (forms.some((form) => content.includes(form))) found.push({ file, text });
    }
  }
  return found;
}

function formsOf(text: string): (string | Buffer)[] {
  const bytes = Buffer.from(text, 'utf8');
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first and the last character depend on what stands beside the text.
    return encoded.slice(shift === 0 ? 0 : shift + 1, bytes.length % 3 === 0 && shift === 0 ? undefined : -1);
  });
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [text, escaped, ascii, Buffer.from(text, 'utf16le'), bytes.toString('hex'), ...base64];
}
