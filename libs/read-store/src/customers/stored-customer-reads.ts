import { idOfStream } from '@threadline/domain/decision';
import { STRENGTHS } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { Card } from '@threadline/projections/card';
import type { ExplainedCard } from '@threadline/projections/explanation';
import { customerName, positionsOf, renderCard } from '@threadline/projections/render-card';
import { emptySummary, type Summary } from '@threadline/projections/summary';
import type { Vault } from '@threadline/vault/vault';
import { cardSource } from './card-source.js';
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
} from './customer-reads.js';
import type { KnownParty } from './customer-rows.js';
import type { View, Views } from './view.js';
import { decisionSides, type DecisionSides } from '../identity/decision-sides.js';
import { customerAt, searchCustomers } from '../search/customer-search.js';
import { explainedCard, liveExplained, pastExplained, type Explained } from './explained.js';
import { identityPage } from '../identity/identity-reads.js';
import { reviewsPage } from '../identity/identity-reviews.js';
import { idOf } from './open-parties.js';
import { cutOf, PastViews } from './past-views.js';
import type { PastCustomer } from './past-view.js';
import { relatedCustomers } from '../identity/related-customers.js';
import { liveTimeline, pastTimeline } from './timeline-reads.js';

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

/** Customers as read models have them, wherever the rows lie. */
export class StoredCustomerReads implements CustomerReads {
  private readonly pasts = new PastViews();

  constructor(
    private readonly views: Views,
    private readonly vault: Vault,
    private readonly now: () => number,
  ) {}

  /** What was kept of the past was read from other models. */
  protected forget(): void {
    this.pasts.clear();
  }

  async card(id: string, clocks: Clocks): Promise<Card | undefined> {
    const [handle] = await this.vault.find([id]);
    if (handle === undefined) return undefined;
    return this.views.read(async (view) => {
      const found = await this.find(view, handle, clocks);
      const source = found && (await cardSource(this.vault, found));
      if (source === undefined) return undefined;
      const data = await view.opened.data(positionsOf(source));
      return renderCard(source, data, clocks.asOf ?? this.now());
    });
  }

  cardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<Card | undefined> {
    return this.card(this.partyId(kind, value), clocks);
  }

  async explainedCard(id: string, clocks: Clocks): Promise<ExplainedCard | undefined> {
    const [handle] = await this.vault.find([id]);
    if (handle === undefined) return undefined;
    return this.views.read(async (view) => {
      const found = await this.findExplained(view, handle, clocks);
      const source = found && (await cardSource(this.vault, found));
      if (found === undefined || source === undefined) return undefined;
      return explainedCard(source, found, view.opened, clocks.asOf ?? this.now());
    });
  }

  explainedCardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<ExplainedCard | undefined> {
    return this.explainedCard(this.partyId(kind, value), clocks);
  }

  private partyId(kind: string, value: string): string {
    return partyId(this.vault.hash.bind(this.vault), kind, value);
  }

  async timeline(id: string, query: TimelineQuery, clocks: Clocks): Promise<TimelinePage | undefined> {
    const [handle] = await this.vault.find([id]);
    if (handle === undefined) return undefined;
    return this.views.read(async (view) => {
      const found = await this.find(view, handle, clocks, 'entries');
      if (found === undefined) return undefined;
      return found.past === undefined
        ? liveTimeline(view, found.label, query)
        : pastTimeline(view, found.past.entries, query);
    });
  }

  async identity(id: string, page: IdentityQuery, clocks: Clocks): Promise<IdentityPage | undefined> {
    const { vault } = this;
    const [handle] = await vault.find([id]);
    if (handle === undefined) return undefined;
    return this.views.read(async (view) => {
      const found = await this.find(view, handle, clocks);
      if (found === undefined) return undefined;
      const { rows } = view;
      const cut = await cutOf(clocks, rows);
      const describe = async (party: number): Promise<{ id: string; name: string | null } | undefined> => {
        const other = await this.find(view, party, clocks);
        return other && (await this.nameOf(view, other));
      };
      const related = (): Promise<RelatedCustomers[]> =>
        relatedCustomers({ rows, vault }, found.parties, cut, describe);
      return identityPage({ view, vault, ...found, cut, related }, page);
    });
  }

  reviews(page: { limit: number; cursor?: string }): Promise<ReviewsPage> {
    return this.views.read(({ rows }) => reviewsPage({ rows, vault: this.vault }, page));
  }

  /** Whose card it is, and by which name. */
  private async nameOf(
    { opened }: View,
    found: Found,
  ): Promise<{ id: string; name: string | null } | undefined> {
    const source = await cardSource(this.vault, found);
    const id = source?.parties[0]?.id;
    if (source === undefined || id === undefined) return undefined;
    const positions = [found.summary.named?.[2], source.name?.[2]].filter(
      (position) => position !== undefined,
    );
    return { id, name: customerName(source, await opened.data(positions)) };
  }

  search(query: { q?: string; phone?: string; limit: number; cursor?: string }): Promise<SearchPage> {
    return this.views.read((view) => searchCustomers(view, query, (label) => this.describe(view, label)));
  }

  /** A customer as a search lists it. */
  private async describe(
    { rows, opened }: View,
    label: number,
  ): Promise<Omit<FoundCustomer, 'matched'> | undefined> {
    const parties = await rows.parties(label);
    const summary = await rows.summary(label, parties);
    const source = await cardSource(this.vault, { parties, summary });
    if (source === undefined) return undefined;
    const positions = [summary.named?.[2], source.name?.[2]].filter((position) => position !== undefined);
    return {
      id: source.parties[0]?.id ?? '',
      name: customerName(source, await opened.data(positions)),
      identifiers: source.parties.map(({ kind, value, naming }) => ({
        kind,
        value,
        strength: STRENGTHS[naming.strength] ?? 'claimed',
      })),
      lastSeen: summary.last === null ? null : new Date(summary.last).toISOString(),
    };
  }

  customerAt(position: number): Promise<string | undefined> {
    return this.views.read(async (view) => this.idOf(view, await customerAt(view, position)));
  }

  async customerOf(id: string): Promise<string | undefined> {
    const [handle] = await this.vault.find([id]);
    if (handle === undefined) return undefined;
    return this.views.read(async (view) => {
      const [label] = await view.rows.customersOf([handle]);
      return this.idOf(view, label);
    });
  }

  customersOf(handles: readonly number[]): Promise<string[]> {
    return this.views.read(async (view) => {
      const labels = new Set(await view.rows.customersOf(handles));
      const ids = await Promise.all([...labels].map((label) => this.idOf(view, label)));
      return ids.filter((id) => id !== undefined);
    });
  }

  sides(parties: readonly string[]): Promise<DecisionSides> {
    return this.views.read(({ rows }) => decisionSides(rows, this.vault, parties));
  }

  private async idOf({ rows }: View, label: number | undefined): Promise<string | undefined> {
    return label === undefined ? undefined : idOf(this.vault, await rows.parties(label));
  }

  async parked(): Promise<ParkedInteraction[]> {
    const rows = await this.views.read((view) => view.rows.parked());
    const parked = new Map<string, ParkedInteraction>();
    for (const { position, stream, event, type, reason, at } of rows) {
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
    return [...parked.values()];
  }

  position(): Promise<number> {
    return this.views.read(async ({ rows, words }) => Math.min(await rows.checkpoint(), words.checkpoint()));
  }

  private async find(
    view: View,
    handle: number,
    clocks: Clocks,
    what: 'all' | 'entries' = 'all',
  ): Promise<Found | undefined> {
    const { rows } = view;
    if (clocks.asOf === undefined && clocks.knownAt === undefined) {
      const [label] = await rows.customersOf([handle]);
      if (label === undefined) return undefined;
      if (what === 'entries') return { parties: [], summary: NOTHING, past: undefined, label };
      const parties = await rows.parties(label);
      return { parties, summary: await rows.summary(label, parties), past: undefined, label };
    }
    const past = await this.pasts.customer(view, handle, clocks);
    return past && { parties: past.parties, summary: past.summary, past, label: NO_LABEL };
  }

  private async findExplained(view: View, handle: number, clocks: Clocks): Promise<Explained | undefined> {
    if (clocks.asOf === undefined && clocks.knownAt === undefined) {
      const [label] = await view.rows.customersOf([handle]);
      return label === undefined ? undefined : liveExplained(view.rows, label);
    }
    const past = await this.pasts.customer(view, handle, clocks);
    return past && pastExplained(past);
  }
}
