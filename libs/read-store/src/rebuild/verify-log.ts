import type { Identifier } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import type { NaiveData, NaiveFact, NaiveRecord, NaiveSaid } from '@threadline/projections/naive-record';
import { searchText } from '@threadline/projections/search-text';
import { openEvent, type OpenedEvent } from '@threadline/vault/sealing';
import type { Vault } from '@threadline/vault/vault';
import {
  decode,
  handlesOf,
  interactionOf,
  isOf,
  isOfCustomers,
  type LoggedEvent,
} from '../customers/decode.js';
import { openRules, UnreadableRulesError } from '../identity/identity-rules-events.js';
import type { WordsIndex } from '../search/words-index.js';

/** A row of a read model that is not what the log says. */
export interface Difference {
  readonly model: 'customers' | 'search';
  /**
   * What differs: `card`, `explanation`, `timeline`, `identity`, `refused`, `label`, `party`, `rows`, `words`, or an event's
   * being `usable`.
   */
  readonly what: string;
  /** The customer's id, the table, or the position. */
  readonly of: string;
  /** Members that differ, as JSON Pointers; never their values: those are personal. */
  readonly at: readonly string[];
}

interface Parts {
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly search: WordsIndex;
  /** Told of what is not as it should be. */
  readonly differ: (model: Difference['model'], what: string, of: string, at: readonly string[]) => void;
  readonly progress: (events: number) => void;
}

const CHUNK = 2_000;

/** A fact whose data is opened when its turn comes, and let go again. */
export type MutableFact = { -readonly [Member in keyof NaiveFact]: NaiveFact[Member] };

/** The log as the naive replay takes it; the search index is held against it in passing. */
export class VerifiedLog {
  /** Events that the log cannot say any more what they were. */
  forgotten = 0;

  constructor(private readonly parts: Parts) {}

  /** The events up to there, opened when they are looked at; the search index is held against each in passing. */
  async facts(upTo: number, parked: ReadonlySet<number>): Promise<NaiveRecord[]> {
    const { log, vault } = this.parts;
    const facts: NaiveRecord[] = [];
    for (let after = 0; after < upTo;) {
      const before = after;
      // Of a log with gaps more may come than is wanted.
      const recorded = log.after(before, CHUNK).filter(({ position }) => position <= upTo);
      const last = recorded.at(-1);
      if (last === undefined) break;
      after = last.position;
      const usable = recorded.filter(({ position }) => !parked.has(position));
      for (const event of usable) if (isOf('rules', event)) facts.push(...(await this.rules(event)));
      const { logged, unusable } = await decode(usable.filter(isOfCustomers), vault);
      for (const { event, reason } of unusable)
        this.parts.differ('customers', 'usable', `${event.position}`, [reason]);
      const keyring = await vault.keys(handlesOf(logged));
      const hash = vault.hash.bind(vault);
      const indexed = this.parts.search.positions(before, after);
      for (const event of logged) {
        const opened = openEvent(event.id, event.type, event.stored, keyring, hash);
        if (opened.forgotten || opened.identifiers.includes(undefined)) this.forgotten++;
        if (isOf('identity', event)) facts.push(this.said(event, opened));
        else if (!opened.forgotten && !opened.identifiers.includes(undefined)) {
          if (this.parts.search.checkpoint() >= event.position) this.compareWords(event, opened, indexed);
          facts.push(this.fact(event, opened));
        }
      }
      this.parts.progress(after - before);
    }
    return facts;
  }

  private async rules(event: RecordedEvent): Promise<NaiveRecord[]> {
    try {
      return [{ position: event.position, rules: await openRules(event, this.parts.vault) }];
    } catch (error) {
      if (!(error instanceof UnreadableRulesError)) throw error;
      this.parts.differ('customers', 'usable', `${event.position}`, [error.message]);
      return [];
    }
  }

  /** Whom it names and nobody can name any more is passed over: it is not in question who that was. */
  private said({ id: event, position, at, type, clear }: LoggedEvent, opened: OpenedEvent): NaiveSaid {
    const hash = this.parts.vault.hash.bind(this.parts.vault);
    const named = opened.identifiers.map((one) =>
      one === undefined
        ? []
        : [{ party: partyId(hash, one.kind, one.value), kind: one.kind, value: one.value }],
    );
    const first = clear.firstSide ?? named.length;
    return {
      ...{ event, position, at, says: type === 'identity.linked' ? 'link' : 'unlink' },
      ...{ parties: named.slice(0, first).flat(), rest: named.slice(first).flat() },
    };
  }

  /**
   * A fact with as much of its data as finding its customer takes; the rest is opened when the customer's turn comes,
   * and let go again: a large log does not fit into memory opened.
   */
  private fact(event: LoggedEvent, opened: OpenedEvent): MutableFact {
    const { sequence } = opened.cloudEvent?.data ?? {};
    const identifiers = this.identifiersOf(opened);
    return {
      event: event.id,
      interaction: interactionOf(event.stream),
      position: event.position,
      recordedAt: event.recordedAt,
      type: event.type,
      source: event.stored.source,
      id: opened.cloudEvent?.id ?? '',
      at: event.at,
      data: { ...(sequence !== undefined && { sequence }), identifiers } as unknown as NaiveData,
    };
  }

  private identifiersOf({ identifiers }: OpenedEvent): (Identifier & { party: string })[] {
    const hash = this.parts.vault.hash.bind(this.parts.vault);
    return identifiers.flatMap((one) =>
      one === undefined ? [] : [{ party: partyId(hash, one.kind, one.value), ...one }],
    );
  }

  async openAll(facts: readonly MutableFact[]): Promise<void> {
    const { log, vault } = this.parts;
    const recorded = log.at(facts.map(({ position }) => position)).filter((event) => event !== undefined);
    const { logged } = await decode(recorded, vault);
    const keyring = await vault.keys(handlesOf(logged));
    const hash = vault.hash.bind(vault);
    const events = new Map(logged.map((event) => [event.position, event]));
    for (const fact of facts) {
      const event = events.get(fact.position);
      if (event === undefined) continue;
      const opened = openEvent(event.id, event.type, event.stored, keyring, hash);
      const data = opened.cloudEvent?.data ?? {};
      fact.data = (
        'identifiers' in data ? { ...data, identifiers: this.identifiersOf(opened) } : data
      ) as NaiveData;
    }
  }

  private compareWords(event: LoggedEvent, { cloudEvent }: OpenedEvent, indexed: ReadonlySet<number>): void {
    const expected = searchText(cloudEvent?.data ?? {}).trim() !== '';
    if (indexed.has(event.position) !== expected)
      this.parts.differ('search', 'words', `${event.position}`, []);
  }
}
