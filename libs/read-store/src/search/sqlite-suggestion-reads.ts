import type { Vault } from '@threadline/vault/vault';
import { readCursor, writeCursor } from '../customers/cursor.js';
import { keptApart } from '../identity/kept-apart.js';
import type { LiveModels } from '../sqlite/live-models.js';
import { firstSeen, openParties, type OpenParty } from '../customers/open-parties.js';
import type { Suggestion, SuggestionPage, SuggestionQuery, SuggestionReads } from './suggestion-reads.js';
import { findPairs, type FoundPair, type FoundPairs } from './suggestions-thread.js';

export interface SuggestionReadsOptions {
  readonly folder: string;
  readonly vault: Vault;
  readonly models: LiveModels;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Comparing everybody takes at most this share of the time, unless somebody asks for a position. */
const SHARE = 0.1;

interface Kept extends FoundPairs {
  readonly at: number;
  readonly took: number;
}

type Place = [odds: number, a: string, b: string];
const isPlace = (value: unknown): value is Place =>
  Array.isArray(value) &&
  value.length === 3 &&
  typeof value[0] === 'number' &&
  value.slice(1).every((id) => typeof id === 'string');

/** Whether a pair comes after a place in the list. */
const isAfter = ({ odds, ids: [a, b] }: FoundPair, [least, x, y]: Place): boolean =>
  odds !== least ? odds < least : a !== x ? a > x : b > y;

/**
 * Suggestions from the live read models. All customers are compared with each other in a thread of its own when somebody asks, and
 * what came out is kept until more is known. Who has become one customer since, was kept apart or forgotten is left out
 * when a page is read.
 */
export class SqliteSuggestionReads implements SuggestionReads {
  private readonly stop = new AbortController();
  private kept: Kept | undefined;
  private coming: Promise<Kept> | undefined;

  constructor(private readonly options: SuggestionReadsOptions) {}

  close(): void {
    this.stop.abort();
  }

  async suggestions(query: SuggestionQuery): Promise<{ page: SuggestionPage; position: number } | undefined> {
    const { models, vault } = this.options;
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor, isPlace);
    const [asked] = query.customer === undefined ? [] : await vault.find([query.customer]);
    const { pairs, position } = await this.pairs(query.minPosition);
    const only = asked === undefined ? undefined : models.customers.customerOf(asked);
    if (query.customer !== undefined && only === undefined) return undefined;

    const seen = new Set<string>();
    const suggestions: Suggestion[] = [];
    let last: FoundPair | undefined;
    for (const pair of pairs) {
      if (pair.score < query.minScore) continue;
      const labels = this.labelsOf(pair);
      if (labels === undefined || (only !== undefined && !labels.includes(only))) continue;
      // Pairs of what has become one customer since: the likeliest stands for all.
      const key = [...labels].sort((x, y) => x - y).join('/');
      if (seen.has(key)) continue;
      seen.add(key);
      if ((after !== undefined && !isAfter(pair, after)) || keptApart(models.customers, ...labels)) continue;
      const told = await this.tell(pair, labels);
      if (told === undefined) continue;
      if (suggestions.length === query.limit) return { page: { suggestions, next: placeOf(last) }, position };
      suggestions.push(told);
      last = pair;
    }
    return { page: { suggestions, next: null }, position };
  }

  /** Of both their present customer; undefined where that is one. */
  private labelsOf({ handles }: FoundPair): [number, number] | undefined {
    const [one, other] = handles.map((handle) => this.options.models.customers.customerOf(handle));
    return one === undefined || other === undefined || one === other ? undefined : [one, other];
  }

  /** Undefined where one of them is forgotten. */
  private async tell(
    { handles, score, reasons }: FoundPair,
    labels: readonly [number, number],
  ): Promise<Suggestion | undefined> {
    const { models, vault } = this.options;
    const keyring = await vault.keys(handles);
    if (handles.some((handle) => keyring.party(handle) === undefined)) return undefined;
    const parties: OpenParty[] = [];
    for (const label of labels) {
      const [first] = await openParties(vault, firstSeen(models.customers.parties(label), 1));
      if (first === undefined) return undefined;
      parties.push(first);
    }
    return {
      parties: parties.map(({ id, kind, value }) => ({ id, kind, value })),
      customers: parties.map(({ id }) => id) as [string, string],
      score: rounded(score, 4),
      reasons: reasons.map(({ field, how, weight, values }) => ({
        field,
        how,
        weight: rounded(weight, 2),
        values: [...values],
      })),
    };
  }

  private async pairs(minPosition: number): Promise<Kept> {
    const { models, now } = this.options;
    const { kept } = this;
    if (kept !== undefined && kept.position >= minPosition) {
      if (kept.position >= Math.min(models.customers.checkpoint(), models.search.checkpoint())) return kept;
      if (now() - kept.at < kept.took / SHARE) return kept;
    }
    // What is under way may have begun too early.
    const coming = await (this.coming ??= this.find());
    return coming.position >= minPosition ? coming : (this.coming ??= this.find());
  }

  private async find(): Promise<Kept> {
    const { folder, now } = this.options;
    const began = now();
    try {
      const found = await findPairs({ folder }, this.stop.signal);
      return (this.kept = { ...found, at: now(), took: now() - began });
    } finally {
      this.coming = undefined;
    }
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

const placeOf = (pair: FoundPair | undefined): string | null =>
  pair === undefined ? null : writeCursor([pair.odds, ...pair.ids]);
