import type { DatabaseSync } from 'node:sqlite';
import { phrases } from '@threadline/projections/search-text';

/** A word of this length or more also finds what begins with it. */
const PREFIX_FROM = 3;
const LATIN = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]+$/u;

/**
 * A query in FTS5's language: every phrase must be there, and the last word may go on. Undefined where there is
 * nothing to look for. Each word is quoted: nothing that is typed is an operator.
 */
export function matchExpression(query: string): string | undefined {
  const parts = phrases(query);
  if (parts.length === 0) return undefined;
  return parts
    .map((words, index) => {
      const last = words.at(-1) ?? '';
      const open = index === parts.length - 1 && last.length >= PREFIX_FROM && LATIN.test(last);
      return `"${words.join(' ')}"${open ? ' *' : ''}`;
    })
    .join(' AND ');
}

/** Reads the search index. Words are letters and digits, so a quoted phrase holds no quote. */
export class WordsIndex {
  constructor(private readonly database: DatabaseSync) {}

  checkpoint(): number {
    const row = this.database.prepare(`SELECT value FROM meta WHERE key = 'checkpoint'`).get() as
      { value: number } | undefined;
    return row?.value ?? 0;
  }

  /** Positions of events that hold the words, latest first, at or before `upTo`. */
  events(match: string, upTo: number, limit: number): number[] {
    const rows = this.database
      .prepare(
        'SELECT rowid AS position FROM words WHERE words MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?',
      )
      .all(match, upTo, limit) as { position: number }[];
    return rows.map(({ position }) => position);
  }

  /** The positions in `(after, upTo]` that have a document. */
  positions(after: number, upTo: number): Set<number> {
    const rows = this.database
      .prepare('SELECT rowid AS position FROM words WHERE rowid > ? AND rowid <= ?')
      .all(after, upTo) as { position: number }[];
    return new Set(rows.map(({ position }) => position));
  }

  holds(match: string, position: number): boolean {
    return (
      this.database.prepare('SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?').get(match, position) !==
      undefined
    );
  }

  /** Handles, in order and after the one given, of parties whose identifier, or one of whose names, is matched. */
  people(match: string, column: 'identifier' | 'names', after: number, limit: number): number[] {
    const rows = this.database
      .prepare('SELECT rowid AS handle FROM people WHERE people MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?')
      .all(`${column} : (${match})`, after, limit) as { handle: number }[];
    return rows.map(({ handle }) => handle);
  }
}
