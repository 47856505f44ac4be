import type { Json } from '@threadline/domain/canonical-json';
import type { Strength } from '@threadline/domain/identifier';

/** Amounts by currency: exact decimal strings. */
export type Amounts = Record<string, string>;

export interface CardItem {
  at: string;
  sku: string | null;
  name: string | null;
  category: string | null;
  quantity: number;
  price: string;
  currency: string;
}

/** The single customer view. Fields and their meaning: the contract's table of the card. Times are RFC 3339. */
export interface Card {
  id: string;
  ids: string[];
  name: string | null;
  identifiers: { kind: string; value: string; strength: Strength }[];
  totals: { ids: number; identifiers: number };
  firstSeen: string | null;
  lastSeen: string | null;
  counts: Record<string, number>;
  purchases: {
    orders: number;
    returns: number;
    spend: Amounts;
    last: string | null;
    categories: { name: string; quantity: number; spend: Amounts }[];
    items: CardItem[];
  };
  facts: Record<string, { value: Json; at: string; source: string }>;
  consents: Record<string, { given: boolean; at: string }>;
  surveys: Record<string, { last: number; at: string; count: number; mean: number }>;
  social: {
    mentions: number;
    latest: { at: string; platform: string | null; text: string | null; url: string | null }[];
  };
  promises: { open: { id: string; text: string | null; due: string | null; at: string }[] };
  visits: { count: number; last: string | null; present: string | null };
  profile: Record<string, Json>;
}
