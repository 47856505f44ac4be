/** A page of suggestions; `minPosition`: what is known up to there is in the answer. */
export interface SuggestionQuery {
  /** 1 to 200. */
  readonly limit: number;
  /** As a page gave it; an unreadable one throws `InvalidCursorError`. */
  readonly cursor?: string;
  /** Any id of a customer: only those with it. */
  readonly customer?: string;
  /** 0 to 1. */
  readonly minScore: number;
  readonly minPosition: number;
}

export interface SuggestionReason {
  /** What was compared: `given name`, `family name`, `birthday`, `address`, `email`, `phone`, `handle`, `language`; `others`. */
  field: string;
  how: string;
  /** log2 of how much likelier it is seen of one person than of two strangers; negative speaks against. */
  weight: number;
  /** What was compared, folded, in the order of `parties`; of `others` the customer that both look like. */
  values: [string, string];
}

export interface Suggestion {
  /** Of each customer the party that was first seen. */
  parties: { id: string; kind: string; value: string }[];
  /** Their present ids. */
  customers: [string, string];
  /** How likely they are one person, 0 to 1. */
  score: number;
  reasons: SuggestionReason[];
}

export interface SuggestionPage {
  suggestions: Suggestion[];
  /** The next page's cursor, null on the last. */
  next: string | null;
}

/** Who looks like one person and is not one customer. Nothing is ever done about it but by people. */
export interface SuggestionReads {
  /** With the position up to which everything is in it. `undefined`: there is no such customer. */
  suggestions(query: SuggestionQuery): Promise<{ page: SuggestionPage; position: number } | undefined>;
}
