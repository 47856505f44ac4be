import { idOfStream } from '@threadline/domain/decision';
import { STRENGTHS } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Card } from '@threadline/projections/card';
import type { ExplainedCard } from '@threadline/projections/explanation';
import { customerName, positionsOf, renderCard } from '@threadline/projections/render-card';
import { emptySummary, type Summary } from '@threadline/projections/summary';
import type { Vault } from '@threadline/vault/vault';
import { cardSource } from '../customers/card-source.js';
import type {
  Clocks,
  CustomerReads,
  FoundCustomer,
  IdentityPage,
  IdentityQuery,
  ParkedInteraction,
  RelatedCustomers,
  ReviewsPage,
  SearchPage,
  TimelinePage,
  TimelineQuery,
} from '../customers/customer-reads.js';
import type { KnownParty } from './customer-rows.js';
import { decisionSides, type DecisionSides } from '../identity/decision-sides.js';
import { homeAt, searchCustomers } from '../search/customer-search.js';
import { explainedCard, liveExplained, pastExplained, type Explained } from '../customers/explained.js';
import { identityPage } from '../identity/identity-reads.js';
import { reviewsPage } from '../identity/identity-reviews.js';
import { LiveModels } from './live-models.js';
import { idOf } from '../customers/open-parties.js';
import { OpenedLog } from '../customers/opened-log.js';
import { cutOf, PastViews } from '../customers/past-views.js';
import type { PastCustomer } from '../customers/past-view.js';
import { relatedCustomers } from '../identity/related-customers.js';
import { liveTimeline, pastTimeline } from '../customers/timeline-reads.js';

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
  /** Live: of the customer's rows. */
  readonly label: number;
}

const NOTHING = emptySummary();
const NO_LABEL = -1;

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
    const source = await cardSource(this.options.vault, found);
    if (source === undefined) return undefined;
    return renderCard(source, await this.opened.data(positionsOf(source)), clocks.asOf ?? this.options.now());
  }

  cardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<Card | undefined> {
    return this.card(this.partyId(kind, value), clocks);
  }

  async explainedCard(id: string, clocks: Clocks): Promise<ExplainedCard | undefined> {
    const [handle] = await this.options.vault.find([id]);
    const found = handle === undefined ? undefined : await this.findExplained(handle, clocks);
    const source = found && (await cardSource(this.options.vault, found));
    if (found === undefined || source === undefined) return undefined;
    return explainedCard(source, found, this.opened, clocks.asOf ?? this.options.now());
  }

  explainedCardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<ExplainedCard | undefined> {
    return this.explainedCard(this.partyId(kind, value), clocks);
  }

  private partyId(kind: string, value: string): string {
    const { vault } = this.options;
    return partyId(vault.hash.bind(vault), kind, value);
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

  async identity(id: string, page: IdentityQuery, clocks: Clocks): Promise<IdentityPage | undefined> {
    const [handle] = await this.options.vault.find([id]);
    const found = handle === undefined ? undefined : await this.find(handle, clocks);
    if (found === undefined) return undefined;
    const { customers: rows } = this.models;
    const { vault } = this.options;
    const cut = cutOf(clocks, rows);
    const describe = async (party: number): Promise<{ id: string; name: string | null } | undefined> => {
      const other = await this.find(party, clocks);
      return other && (await this.nameOf(other));
    };
    const related = (): Promise<RelatedCustomers[]> =>
      relatedCustomers({ rows, vault }, found.parties, cut, describe);
    return identityPage({ rows, vault, ...found, cut, related }, page);
  }

  async reviews(page: { limit: number; cursor?: string }): Promise<ReviewsPage> {
    return reviewsPage({ rows: this.models.customers, vault: this.options.vault }, page);
  }

  /** Whose card it is, and by which name. */
  private async nameOf(found: Found): Promise<{ id: string; name: string | null } | undefined> {
    const source = await cardSource(this.options.vault, found);
    const id = source?.parties[0]?.id;
    if (source === undefined || id === undefined) return undefined;
    const positions = [found.summary.named?.[2], source.name?.[2]].filter(
      (position) => position !== undefined,
    );
    return { id, name: customerName(source, await this.opened.data(positions)) };
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
    const source = await cardSource(this.options.vault, { parties, summary });
    if (source === undefined) return undefined;
    const positions = [summary.named?.[2], source.name?.[2]].filter((position) => position !== undefined);
    return {
      id: source.parties[0]?.id ?? '',
      name: customerName(source, await this.opened.data(positions)),
      identifiers: source.parties.map(({ kind, value, naming }) => ({
        kind,
        value,
        strength: STRENGTHS[naming.strength] ?? 'claimed',
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

  async customersOf(handles: readonly number[]): Promise<string[]> {
    const one = new Map<number, number>();
    for (const handle of handles) {
      const label = this.models.customers.customerOf(handle);
      if (label !== undefined) one.set(label, handle);
    }
    const ids = await Promise.all([...one.values()].map((handle) => this.presentId(handle)));
    return ids.filter((id) => id !== undefined);
  }

  sides(parties: readonly string[]): Promise<DecisionSides> {
    return decisionSides(this.models.customers, this.options.vault, parties);
  }

  private async presentId(handle: number): Promise<string | undefined> {
    const rows = this.models.customers;
    const label = rows.customerOf(handle);
    if (label === undefined) return undefined;
    return idOf(this.options.vault, rows.parties(label));
  }

  parked(): Promise<ParkedInteraction[]> {
    const parked = new Map<string, ParkedInteraction>();
    for (const { position, stream, event, type, reason, at } of this.models.customers.parked()) {
      const known = parked.get(stream);
      if (known !== undefined) known.events++;
      else {
        parked.set(stream, {
          interaction: idOfStream(stream),
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
    if (clocks.asOf === undefined && clocks.knownAt === undefined) {
      const label = rows.customerOf(handle);
      if (label === undefined) return undefined;
      if (what === 'entries') return { parties: [], summary: NOTHING, past: undefined, label };
      const parties = rows.parties(label);
      return { parties, summary: rows.summary(label, parties), past: undefined, label };
    }
    const past = await this.pasts.customer(rows, handle, clocks);
    return past && { parties: past.parties, summary: past.summary, past, label: NO_LABEL };
  }

  private async findExplained(handle: number, clocks: Clocks): Promise<Explained | undefined> {
    const rows = this.models.customers;
    if (clocks.asOf === undefined && clocks.knownAt === undefined) {
      const label = rows.customerOf(handle);
      return label === undefined ? undefined : liveExplained(rows, label);
    }
    const past = await this.pasts.customer(rows, handle, clocks);
    return past && pastExplained(past);
  }
}
