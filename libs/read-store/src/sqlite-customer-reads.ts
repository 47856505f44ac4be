import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Card } from '@threadline/projections/card';
import {
  compareParties,
  customerName,
  positionsOf,
  renderCard,
  SHOWN,
  type CardParty,
  type CardSource,
} from '@threadline/projections/render-card';
import { emptySummary, type Summary } from '@threadline/projections/summary';
import type { Vault } from '@threadline/vault/vault';
import { isPlace, readCursor, writeCursor } from './cursor.js';
import type {
  Clocks,
  CustomerReads,
  FoundCustomer,
  IdentityPage,
  ParkedInteraction,
  SearchPage,
  TimelinePage,
  TimelineQuery,
} from './customer-reads.js';
import { nameOf, type KnownParty } from './customer-rows.js';
import { interactionOf } from './decode.js';
import { homeAt, searchCustomers } from './customer-search.js';
import { LiveModels } from './live-models.js';
import { OpenedLog } from './opened-log.js';
import { PastViews } from './past-views.js';
import type { PastCustomer } from './past-view.js';
import { liveTimeline, pastTimeline } from './timeline-reads.js';

export interface CustomerReadsOptions {
  readonly folder: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly now: () => number;
  /** The models to read; those of the folder unless others are given. */
  readonly models?: LiveModels;
}

/** What a customer is made of, live or in the past. */
interface Found {
  readonly parties: readonly KnownParty[];
  readonly summary: Summary;
  readonly past: PastCustomer | undefined;
  readonly label: number;
}

const LINK_RULE = 'same-event';
const NOTHING = emptySummary();

/** Customers as the embedded read models have them. */
export class SqliteCustomerReads implements CustomerReads {
  private readonly models: LiveModels;
  private readonly opened: OpenedLog;
  private readonly pasts: PastViews;

  constructor(private readonly options: CustomerReadsOptions) {
    this.models = options.models ?? new LiveModels(options.folder);
    this.opened = new OpenedLog(options.log, options.vault);
    this.pasts = new PastViews(this.opened);
  }

  /** Reads the models that are live now: another build may have been switched to. */
  refresh(): void {
    this.models.refresh();
    this.pasts.clear();
  }

  close(): void {
    this.models.close();
  }

  async card(id: string, clocks: Clocks): Promise<Card | undefined> {
    const [handle] = await this.options.vault.find([id]);
    const found = handle === undefined ? undefined : await this.find(handle, clocks);
    if (found === undefined) return undefined;
    const source = await this.cardSource(found);
    if (source === undefined) return undefined;
    return renderCard(source, await this.opened.data(positionsOf(source)), clocks.asOf ?? this.options.now());
  }

  cardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<Card | undefined> {
    const { vault } = this.options;
    return this.card(partyId(vault.hash.bind(vault), kind, value), clocks);
  }

  async timeline(id: string, query: TimelineQuery, clocks: Clocks): Promise<TimelinePage | undefined> {
    const [handle] = await this.options.vault.find([id]);
    const found = handle === undefined ? undefined : await this.find(handle, clocks, 'entries');
    if (found === undefined) return undefined;
    const { search, customers } = this.models;
    return found.past === undefined
      ? liveTimeline(customers, search, this.opened, found.label, query)
      : pastTimeline(found.past.entries, search, this.opened, query);
  }

  async identity(
    id: string,
    page: { limit: number; cursor?: string },
    clocks: Clocks,
  ): Promise<IdentityPage | undefined> {
    const [handle] = await this.options.vault.find([id]);
    const found = handle === undefined ? undefined : await this.find(handle, clocks);
    if (found === undefined) return undefined;
    const parties = (await this.openParties(found.parties)).sort(compareParties);
    const [first] = parties;
    if (first === undefined) return undefined;
    const after = page.cursor === undefined ? undefined : readCursor(page.cursor, isPlace);
    const rest =
      after === undefined
        ? parties
        : parties.filter(
            ({ naming, id }) => naming.first > after[0] || (naming.first === after[0] && id > after[1]),
          );
    const shown = rest.slice(0, page.limit);
    const last = shown.at(-1);
    return {
      id: first.id,
      parties: shown.map(({ handle: party, id: partyId, kind, value, naming }) => ({
        id: partyId,
        kind,
        value,
        strength: STRENGTHS[naming.strength] as Strength,
        events:
          found.past?.entries.filter((entry) => entry.party === party).length ??
          this.models.customers.events(party),
      })),
      links: this.linksOf(found, shown, parties),
      refused: [],
      next: rest.length > shown.length && last ? writeCursor([last.naming.first, last.id]) : null,
    };
  }

  private linksOf(
    found: Found,
    shown: readonly OpenParty[],
    all: readonly OpenParty[],
  ): IdentityPage['links'] {
    const ids = new Map(all.map(({ handle, id }) => [handle, id]));
    const page = new Set(shown.map(({ handle }) => handle));
    const rows =
      found.past?.links.filter(({ a }) => page.has(a)) ??
      [...page].flatMap((party) => this.models.customers.links(party));
    return rows
      .flatMap(({ a, b, event, strength, at }) => {
        const [x, y] = [ids.get(a), ids.get(b)].sort();
        if (x === undefined || y === undefined) return [];
        return [
          {
            a: x,
            b: y,
            event,
            rule: LINK_RULE,
            strength: STRENGTHS[strength] as Strength,
            at: new Date(at).toISOString(),
          },
        ];
      })
      .sort((x, y) => (`${x.a}${x.b}` < `${y.a}${y.b}` ? -1 : 1));
  }

  search(query: { q?: string; phone?: string; limit: number; cursor?: string }): Promise<SearchPage> {
    return searchCustomers(
      { rows: this.models.customers, words: this.models.search, opened: this.opened },
      query,
      (label) => this.describe(label),
    );
  }

  /** A customer as a search lists it. */
  private async describe(label: number): Promise<Omit<FoundCustomer, 'matched'> | undefined> {
    const rows = this.models.customers;
    const parties = rows.parties(label);
    const summary = rows.summary(label, parties);
    const source = await this.cardSource({ parties, summary, past: undefined, label });
    if (source === undefined) return undefined;
    const positions = [summary.named?.[2], source.name?.[2]].filter((position) => position !== undefined);
    return {
      id: source.parties[0]?.id ?? '',
      name: customerName(source, await this.opened.data(positions)),
      identifiers: source.parties.map(({ kind, value, naming }) => ({
        kind,
        value,
        strength: STRENGTHS[naming.strength] as Strength,
      })),
      lastSeen: summary.last === null ? null : new Date(summary.last).toISOString(),
    };
  }

  async customerAt(position: number): Promise<string | undefined> {
    const home = await homeAt(this.opened, this.models.customers, position);
    return home === undefined ? undefined : this.presentId(home);
  }

  async customerOf(id: string): Promise<string | undefined> {
    const [handle] = await this.options.vault.find([id]);
    return handle === undefined ? undefined : this.presentId(handle);
  }

  private async presentId(handle: number): Promise<string | undefined> {
    const rows = this.models.customers;
    const label = rows.customerOf(handle);
    if (label === undefined) return undefined;
    const parties = await this.openParties(firstSeen(rows.parties(label), 1));
    return parties.sort(compareParties)[0]?.id;
  }

  parked(): Promise<ParkedInteraction[]> {
    const parked = new Map<string, ParkedInteraction>();
    for (const { position, stream, event, type, reason, at } of this.models.customers.parked()) {
      const known = parked.get(stream);
      if (known !== undefined) known.events++;
      else {
        parked.set(stream, {
          interaction: interactionOf(stream),
          position: String(position),
          event,
          type,
          reason: reason ?? 'waits for an earlier event',
          parkedAt: new Date(at).toISOString(),
          events: 1,
          models: ['customers'],
        });
      }
    }
    return Promise.resolve([...parked.values()]);
  }

  position(): Promise<number> {
    return Promise.resolve(Math.min(this.models.customers.checkpoint(), this.models.search.checkpoint()));
  }

  private async find(
    handle: number,
    clocks: Clocks,
    what: 'all' | 'entries' = 'all',
  ): Promise<Found | undefined> {
    const rows = this.models.customers;
    const label = rows.customerOf(handle);
    if (label === undefined) return undefined;
    if (clocks.asOf === undefined && clocks.knownAt === undefined) {
      if (what === 'entries') return { parties: [], summary: NOTHING, past: undefined, label };
      const parties = rows.parties(label);
      return { parties, summary: rows.summary(label, parties), past: undefined, label };
    }
    const past = await this.pasts.customer(rows, handle, clocks);
    return past && { parties: past.parties, summary: past.summary, past, label };
  }

  /** Of more than a card shows only those that were first seen are opened. */
  private async cardSource({ parties, summary }: Found): Promise<CardSource | undefined> {
    const opened = await this.openParties(firstSeen(parties, SHOWN));
    const shown = opened.sort(compareParties).slice(0, SHOWN);
    if (shown.length === 0) return undefined;
    const gone = parties.length <= SHOWN ? parties.length - shown.length : 0;
    return { summary, parties: shown, total: parties.length - gone, name: nameOf(parties) };
  }

  /** Those whose key is gone are left out. */
  private async openParties(parties: readonly KnownParty[]): Promise<OpenParty[]> {
    const keyring = await this.options.vault.keys(parties.map(({ handle }) => handle));
    return parties.flatMap(({ handle, naming }) => {
      const record = keyring.party(handle);
      return record === undefined
        ? []
        : [{ handle, id: record.party, kind: record.kind, value: record.value, naming }];
    });
  }
}

interface OpenParty extends CardParty {
  readonly handle: number;
}

/** The first `count` by time, and those that were first seen at the same time as the last of them. */
function firstSeen(parties: readonly KnownParty[], count: number): readonly KnownParty[] {
  if (parties.length <= count) return parties;
  const last = parties.map(({ naming }) => naming.first).sort((a, b) => a - b)[count - 1] ?? Infinity;
  return parties.filter(({ naming }) => naming.first <= last);
}
