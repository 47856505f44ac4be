import type { ChangedCustomer, IdentityComparison } from '@threadline/domain/identity/compare-identities';
import type { Refusal } from '@threadline/domain/identity/identity-links';
import type { Identity } from '@threadline/domain/identity/resolve-identity';
import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import type { Keyring, Vault } from '@threadline/vault/vault';
import type { KnownParty } from '../customers/customer-rows.js';
import { idOf } from '../customers/open-parties.js';
import type { MetParty } from '../rebuild/rebuild-identity.js';
import type { LinkRow } from './identity-rows.js';

/** A party as people know it. */
export interface PlannedParty {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
}

export interface PlannedSide {
  /** The public id that this customer has: where it is gained from, now; where one falls apart into it, then. */
  readonly id: string | null;
  /** Those that were seen first, `SHOWN` at most. */
  readonly parties: readonly PlannedParty[];
  readonly totals: { readonly parties: number; readonly events: number };
}

export interface PlannedLink {
  /** Null where its key is gone. */
  readonly a: PlannedParty | null;
  readonly b: PlannedParty | null;
  /** Our id of the event that shows it. */
  readonly event: string;
  readonly strength: Strength;
  /** RFC 3339. */
  readonly at: string;
  /** The rule that refused it until now, or would refuse it. */
  readonly rule: Refusal['rule'];
  /** What that rule looks at: a kind, or the event of a person's decision. */
  readonly because: string | null;
}

/** Customers that would become one (`gained`), or one that would fall apart (`lost`). */
export interface PlannedChange {
  readonly change: 'gained' | 'lost';
  /** The public id of that one: which it would have, or has now. */
  readonly customer: string | null;
  /** The largest first. */
  readonly sides: readonly PlannedSide[];
  /** The links between the sides that would join, or would no longer; `SHOWN` at most. */
  readonly links: readonly PlannedLink[];
  readonly totals: { readonly sides: number; readonly links: number };
}

/** Sides, parties of a side and links of a change that are told. */
export const SHOWN = 100;

interface Compared {
  readonly vault: Vault;
  readonly parties: ReadonlyMap<number, MetParty>;
  /** On the timeline of each party. */
  readonly events: ReadonlyMap<number, number>;
  readonly links: readonly LinkRow[];
  readonly before: Identity;
  readonly after: Identity;
  readonly compared: IdentityComparison;
}

/** What a comparison comes to, in the words of people: values and public ids, opened from the vault change by change. */
export class PlannedChanges {
  constructor(private readonly all: Compared) {}

  /** What most events are concerned by first. */
  async *inOrder(): AsyncIterable<PlannedChange> {
    const { gained, lost } = this.all.compared;
    const changes = [
      ...gained.map((customer) => ({ change: 'gained' as const, customer })),
      ...lost.map((customer) => ({ change: 'lost' as const, customer })),
    ].map((one) => ({ ...one, events: this.eventsOf(one.customer.sides.flat()) }));
    changes.sort((x, y) => y.events - x.events || x.customer.party - y.customer.party);
    const heads = { before: this.headsOf('before'), after: this.headsOf('after') };
    for (const { change, customer } of changes) yield await this.tell(change, customer, heads);
  }

  private async tell(
    change: PlannedChange['change'],
    { party, sides, links }: ChangedCustomer,
    heads: Record<'before' | 'after', Heads>,
  ): Promise<PlannedChange> {
    const [one, several] =
      change === 'gained' ? (['after', 'before'] as const) : (['before', 'after'] as const);
    const size = (side: readonly number[]): number => this.eventsOf(side);
    const largest = [...sides].sort(
      (x, y) => size(y) - size(x) || y.length - x.length || first(x) - first(y),
    );
    const told: PlannedSide[] = [];
    for (const side of largest.slice(0, SHOWN)) told.push(await this.side(side, several, heads[several]));
    return {
      change,
      customer: await this.idOf(party, one, heads[one]),
      sides: told,
      links: await this.links(links.slice(0, SHOWN), this.all[several]),
      totals: { sides: sides.length, links: links.length },
    };
  }

  private async side(side: readonly number[], when: 'before' | 'after', heads: Heads): Promise<PlannedSide> {
    const byTime = [...side].sort((x, y) => this.firstOf(x) - this.firstOf(y) || x - y).slice(0, SHOWN);
    const keyring = await this.all.vault.keys(byTime);
    return {
      id: await this.idOf(first(side), when, heads),
      parties: byTime.flatMap((party) => partyIn(keyring, party) ?? []),
      totals: { parties: side.length, events: this.eventsOf(side) },
    };
  }

  private async links(places: readonly number[], refusing: Identity): Promise<PlannedLink[]> {
    const links = places.map((place) => ({
      link: this.all.links[place] as LinkRow,
      refusal: refusing.refused[place] as Refusal,
    }));
    const keyring = await this.all.vault.keys(links.flatMap(({ link: { a, b } }) => [a, b]));
    return links.map(({ link: { a, b, event, strength, at }, refusal: { rule, because } }) => ({
      a: partyIn(keyring, a),
      b: partyIn(keyring, b),
      event,
      strength: STRENGTHS[strength] as Strength,
      at: new Date(at).toISOString(),
      rule,
      because: because ?? null,
    }));
  }

  private async idOf(party: number, when: 'before' | 'after', heads: Heads): Promise<string | null> {
    const customer = this.all[when].customerOf(party);
    return (await idOf(this.all.vault, heads.get(customer) ?? [])) ?? null;
  }

  /** Of the customers that change: the parties that were seen first. Their ids are those of the customers. */
  private headsOf(when: 'before' | 'after'): Heads {
    const { parties, compared } = this.all;
    const { customerOf } = this.all[when];
    const changing = new Set(
      [...compared.gained, ...compared.lost].flatMap(({ sides }) => sides.flat().map(customerOf)),
    );
    const heads = new Map<number, KnownParty[]>();
    for (const [handle, { naming }] of parties) {
      const customer = customerOf(handle);
      if (!changing.has(customer)) continue;
      const known = heads.get(customer);
      const least = known?.[0]?.naming.first ?? Infinity;
      if (known === undefined || naming.first < least) heads.set(customer, [{ handle, naming }]);
      else if (naming.first === least) known.push({ handle, naming });
    }
    return heads;
  }

  private firstOf(party: number): number {
    return Math.min(this.all.parties.get(party)?.naming.first ?? Infinity, Number.MAX_VALUE);
  }

  private eventsOf(parties: readonly number[]): number {
    let count = 0;
    for (const party of parties) count += this.all.events.get(party) ?? 0;
    return count;
  }
}

type Heads = ReadonlyMap<number, readonly KnownParty[]>;

const first = (side: readonly number[]): number => side[0] as number;

function partyIn(keyring: Keyring, handle: number): PlannedParty | null {
  const record = keyring.party(handle);
  return record === undefined ? null : { id: record.party, kind: record.kind, value: record.value };
}
