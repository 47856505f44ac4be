import type { DatabaseSync } from 'node:sqlite';
import type { StatedPerson } from '@threadline/projections/look-alikes/stated-person';
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

/** A party as the search index knows it: its handle, its public id, its identifier, its names. */
export interface NamedParty {
  readonly party: number;
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly names: readonly string[];
}

/**
 * Reads the search index. Words are letters and digits, so a quoted phrase holds no quote. A large index that was built
 * anew has two parts, of earlier and of later events; the last one is written on.
 */
export class WordsIndex {
  constructor(private readonly parts: readonly DatabaseSync[]) {}

  checkpoint(): number {
    const row = this.parts.at(-1)?.prepare(`SELECT value FROM meta WHERE key = 'checkpoint'`).get() as
      { value: number } | undefined;
    return row?.value ?? 0;
  }

  private numbers(sql: string, ...values: (string | number)[]): number[] {
    return this.parts.flatMap((part) =>
      (part.prepare(sql).all(...values) as { number: number }[]).map(({ number }) => number),
    );
  }

  /** Positions of events that hold the words, latest first, at or before `upTo`. */
  events(match: string, upTo: number, limit: number): number[] {
    const found = this.numbers(
      'SELECT rowid AS number FROM words WHERE words MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?',
      match,
      upTo,
      limit,
    );
    return found.sort((a, b) => b - a).slice(0, limit);
  }

  /** The positions in `(after, upTo]` that have a document. */
  positions(after: number, upTo: number): Set<number> {
    return new Set(
      this.numbers('SELECT rowid AS number FROM words WHERE rowid > ? AND rowid <= ?', after, upTo),
    );
  }

  holds(match: string, position: number): boolean {
    return (
      this.numbers('SELECT rowid AS number FROM words WHERE words MATCH ? AND rowid = ?', match, position)
        .length > 0
    );
  }

  /** Handles, in order and after the one given, of parties whose identifier, or one of whose names, is matched. */
  people(match: string, column: 'identifier' | 'names', after: number, limit: number): number[] {
    const found = this.numbers(
      'SELECT rowid AS number FROM people WHERE people MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?',
      `${column} : (${match})`,
      after,
      limit,
    );
    return [...new Set(found)].sort((a, b) => a - b).slice(0, limit);
  }

  /** Every party with its identifier and the names that came with it; a party may come once of each part. */
  *named(): Iterable<NamedParty> {
    for (const part of this.parts) {
      const rows = part.prepare('SELECT party, id, kind, value, names FROM names').iterate() as Iterable<
        Omit<NamedParty, 'names'> & { names: string }
      >;
      for (const { names, ...row } of rows) yield { ...row, names: JSON.parse(names) as string[] };
    }
  }

  /** What profiles said of parties; a party may come once of each part. */
  *stated(): Iterable<readonly [party: number, stated: StatedPerson]> {
    for (const part of this.parts) {
      const rows = part.prepare('SELECT party, stated FROM stated').iterate() as Iterable<{
        party: number;
        stated: string;
      }>;
      for (const { party, stated } of rows) yield [party, JSON.parse(stated) as StatedPerson];
    }
  }
}
