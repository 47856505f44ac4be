import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import { contribute, standings, type Standing } from '@threadline/projections/contribution';
import { combineNamings, namings, type ExplainedNaming } from '@threadline/projections/naming';
import { emptySummary } from '@threadline/projections/summary';
import { summaryFromJson, summaryToJson } from '@threadline/projections/summary-json';
import type { Vault } from '@threadline/vault/vault';
import type { CustomersModel, TimelineRow } from './sqlite/customers-model.js';
import { UNSEEN } from './sqlite/naming-columns.js';
import {
  decode,
  interactionOf,
  isInteraction,
  isOf,
  type LoggedEvent,
  type Unusable,
} from './customers/decode.js';
import { entryKey } from './customers/entry-key.js';
import { UnreadableRulesError } from './identity/identity-rules-events.js';
import { decisionOf, linksOf, mentionsOf, relationsOf, type Relation } from './identity/event-links.js';
import type { PlacedDecision } from './identity/identity-rows.js';
import { IdentityWriter } from './identity/identity-writer.js';
import type { LinkRow } from './identity/identity-rows.js';

/** Stands for the stream of an event that cannot be read. */
export const UNREADABLE = 'unreadable-';

interface Parked {
  readonly event: RecordedEvent | LoggedEvent;
  /** Null for an event that only waits for an earlier one of its interaction. */
  readonly reason: string | null;
}

/** What a batch changes, worked out before the transaction begins. */
interface Changes {
  readonly entries: Map<string, TimelineRow>;
  readonly removed: Map<string, { party: number; key: Uint8Array }>;
  /** What is new on a party. */
  readonly added: Map<number, { standing: Standing; interaction: string }[]>;
  /** Parties of which something that counted counts no longer: summed up again from their entries. */
  readonly dirty: Set<number>;
  readonly namings: Map<number, ExplainedNaming>;
  readonly kinds: Map<number, string>;
  /** Of those that are new, whose value never links. */
  blocked: ReadonlySet<number>;
  readonly links: LinkRow[];
  readonly relations: Relation[];
  readonly decisions: PlacedDecision[];
  readonly mentions: { party: number; position: number }[];
  /** Types, channels and kinds as the log names them: they are numbered in that order, however it is cut into batches. */
  readonly terms: Set<string>;
}

/** Folds events of the log into the read model `customers`. A batch and its checkpoint are written together or not at all. */
export class CustomersProjector {
  private readonly identity: IdentityWriter;

  constructor(
    readonly model: CustomersModel,
    private readonly log: LocalLog,
    private readonly vault: Vault,
    private readonly now: () => number,
  ) {
    this.identity = new IdentityWriter(model, log, vault);
  }

  /** `events` are all that the log holds after the checkpoint up to `upTo`. */
  async project(events: readonly RecordedEvent[], upTo: number): Promise<void> {
    let from = 0;
    for (const [index, event] of events.entries()) {
      if (!isOf('rules', event)) continue;
      const before = events.slice(from, index);
      await this.projectBatch(before, before.at(-1)?.position ?? this.model.checkpoint);
      await this.applyRules(event);
      from = index + 1;
    }
    await this.projectBatch(events.slice(from), upTo);
  }

  private async applyRules(event: RecordedEvent): Promise<void> {
    try {
      await this.identity.apply(event);
    } catch (error) {
      if (!(error instanceof UnreadableRulesError)) throw error;
      this.model.transaction(() => {
        this.writeParked([{ event, reason: error.message }]);
        this.model.checkpoint = event.position;
      });
    }
  }

  private async projectBatch(events: readonly RecordedEvent[], upTo: number): Promise<void> {
    const isHere = (event: RecordedEvent): boolean => isInteraction(event.stream) || isOf('identity', event);
    const { usable, parked } = await this.sort(events.filter(isHere));
    const changes = await this.changesOf(usable, parked);
    const summaries = await this.summariesOf(changes);
    this.model.transaction(() => {
      this.writeParked(parked);
      this.write(changes, summaries, upTo);
      this.model.checkpoint = upTo;
    });
  }

  /** An event whose content hash does not match: nothing of it can be believed, its stream neither. */
  parkCorrupt({ position, message }: CorruptEventError): void {
    this.model.transaction(() => {
      const stream = `${UNREADABLE}${position}`;
      this.model.park({ position, stream, event: '', type: '', reason: message, at: this.now() });
      this.model.checkpoint = position;
    });
  }

  /** Tries the parked events of an interaction again. Answers the reason why it stays parked, or undefined. */
  async redrive(stream: string): Promise<string | undefined> {
    const waiting = new Set(this.model.parkedPositions(stream));
    if (waiting.size === 0) return undefined;
    const { logged, unusable } = await decode(
      this.log.stream(stream).filter(({ position }) => waiting.has(position)),
      this.vault,
    );
    if (unusable[0] !== undefined) return unusable[0].reason;
    const failed: Parked[] = [];
    const changes = await this.changesOf(logged, failed);
    if (failed[0] !== undefined) return failed[0].reason ?? undefined;
    const summaries = await this.summariesOf(changes);
    this.model.transaction(() => {
      this.model.unpark(stream);
      this.write(changes, summaries, this.model.checkpoint);
    });
    return undefined;
  }

  /** Parts what can be used from what cannot, and from what comes after that in the same interaction. */
  private async sort(events: readonly RecordedEvent[]): Promise<{ usable: LoggedEvent[]; parked: Parked[] }> {
    const { logged, unusable } = await decode(events, this.vault);
    const stopped = this.model.anyParked()
      ? new Set(events.map(({ stream }) => stream).filter((stream) => this.model.isParked(stream)))
      : new Set<string>();
    if (unusable.length === 0 && stopped.size === 0) return { usable: logged, parked: [] };
    const usable: LoggedEvent[] = [];
    const parked: Parked[] = [];
    const inOrder: (LoggedEvent | Unusable)[] = [...logged, ...unusable].sort((a, b) => place(a) - place(b));
    for (const one of inOrder) {
      if ('reason' in one) {
        parked.push({ event: one.event, reason: stopped.has(one.event.stream) ? null : one.reason });
        stopped.add(one.event.stream);
      } else if (stopped.has(one.stream)) parked.push({ event: one, reason: null });
      else usable.push(one);
    }
    return { usable, parked };
  }

  private async changesOf(fresh: readonly LoggedEvent[], parked: Parked[]): Promise<Changes> {
    const changes: Changes = {
      entries: new Map(),
      removed: new Map(),
      added: new Map(),
      dirty: new Set(),
      namings: new Map(),
      kinds: new Map(),
      blocked: new Set(),
      links: [],
      relations: [],
      decisions: [],
      mentions: [],
      terms: new Set(fresh.flatMap(termsOf)),
    };
    const byStream = new Map<string, LoggedEvent[]>();
    for (const event of fresh) {
      if (isOf('identity', event)) {
        this.takeDecision(changes, event);
        continue;
      }
      const events = byStream.get(event.stream);
      if (events === undefined) byStream.set(event.stream, [event]);
      else events.push(event);
    }
    for (const [stream, events] of byStream) {
      let earlier: LoggedEvent[];
      try {
        earlier = await this.earlierOf(stream, events);
      } catch (error) {
        if (!(error instanceof CorruptEventError)) throw error;
        events.forEach((event, index) => parked.push({ event, reason: index > 0 ? null : error.message }));
        continue;
      }
      this.change(changes, interactionOf(stream), earlier, events);
      for (const event of events) this.name(changes, event);
    }
    // Which of them are kept depends on which was known before.
    changes.links.sort(byPosition);
    changes.relations.sort(byPosition);
    const isNew = (party: number): boolean => this.model.naming(party) === undefined;
    changes.blocked = await this.identity.blocked([...changes.kinds.keys()].filter(isNew));
    return changes;
  }

  private takeDecision(changes: Changes, event: LoggedEvent): void {
    for (const { key, kind } of event.parties) changes.kinds.set(key, kind);
    changes.decisions.push({ ...decisionOf(event), position: event.position });
  }

  /** What the interaction held before these: nothing, for the first of a stream. */
  private async earlierOf(stream: string, events: readonly LoggedEvent[]): Promise<LoggedEvent[]> {
    const first = events[0];
    if (first === undefined || first.revision === 0) return [];
    const recorded = this.log.stream(stream).filter(({ position }) => position < first.position);
    const { logged, unusable } = await decode(recorded, this.vault);
    if (unusable[0] !== undefined) throw new Error(`an earlier event became unusable: ${unusable[0].reason}`);
    return logged;
  }

  private change(changes: Changes, interaction: string, earlier: LoggedEvent[], fresh: LoggedEvent[]): void {
    const before = new Map(standings(earlier).map((standing) => [standing.event.id, standing]));
    const several = earlier.length + fresh.length > 1;
    for (const standing of standings([...earlier, ...fresh])) {
      const { event, home, stands } = standing;
      const was = before.get(event.id);
      const same = was !== undefined && was.home === home && was.stands === stands;
      if (same && (earlier.length > 1 || home === undefined)) continue;
      const key = entryKey(event.at, event.id);
      if (was?.home !== undefined && !same) {
        changes.dirty.add(was.home);
        if (was.home !== home) changes.removed.set(`${was.home}/${event.id}`, { party: was.home, key });
      }
      if (home === undefined) continue;
      changes.entries.set(`${home}/${event.id}`, {
        party: home,
        key,
        position: event.position,
        type: event.type,
        channel: event.clear.channel,
        stands,
        several,
      });
      if (same) continue;
      if (was?.home !== undefined) changes.dirty.add(home);
      const added = changes.added.get(home);
      if (added === undefined) changes.added.set(home, [{ standing, interaction }]);
      else added.push({ standing, interaction });
    }
  }

  private name(changes: Changes, event: LoggedEvent): void {
    for (const { key, kind } of event.parties) changes.kinds.set(key, kind);
    for (const [handle, naming] of namings(event)) {
      const known = changes.namings.get(handle);
      changes.namings.set(handle, known === undefined ? naming : combineNamings(known, naming));
    }
    changes.links.push(...linksOf(event));
    changes.relations.push(...relationsOf(event));
    for (const party of mentionsOf(event)) changes.mentions.push({ party, position: event.position });
  }

  /** The new summary of each party that a batch touches; undefined where nothing is left. */
  private async summariesOf(changes: Changes): Promise<Map<number, string | undefined>> {
    const summaries = new Map<number, string | undefined>();
    for (const [party, added] of changes.added) {
      if (changes.dirty.has(party)) continue;
      const stored = this.model.summary(party);
      const summary = stored === undefined ? emptySummary() : summaryFromJson(stored);
      for (const { standing, interaction } of added) contribute(summary, standing, interaction);
      summaries.set(party, summaryToJson(summary));
    }
    for (const party of changes.dirty) summaries.set(party, await this.sumUpAgain(party, changes));
    return summaries;
  }

  private async sumUpAgain(party: number, changes: Changes): Promise<string | undefined> {
    const standing = new Map(this.model.entriesOf(party).map(({ position, stands }) => [position, stands]));
    const gone = [...changes.removed.values()].filter((removed) => removed.party === party);
    const goneKeys = new Set(gone.map(({ key }) => Buffer.from(key).toString('hex')));
    for (const entry of changes.entries.values())
      if (entry.party === party) standing.set(entry.position, entry.stands);
    const recorded = this.log.at([...standing.keys()]).filter((event) => event !== undefined);
    const { logged } = await decode(recorded, this.vault);
    const kept = logged.filter(({ at, id }) => !goneKeys.has(Buffer.from(entryKey(at, id)).toString('hex')));
    if (kept.length === 0) return undefined;
    const summary = emptySummary();
    for (const event of kept) {
      const stands = standing.get(event.position) === true;
      contribute(summary, { event, home: party, stands }, interactionOf(event.stream));
    }
    return summaryToJson(summary);
  }

  private writeParked(parked: readonly Parked[]): void {
    for (const { event, reason } of parked) {
      const { position, stream, id, type } = event;
      this.model.park({ position, stream, event: id, type, reason, at: this.now() });
    }
  }

  private write(
    changes: Changes,
    summaries: ReadonlyMap<number, string | undefined>,
    position: number,
  ): void {
    for (const term of changes.terms) this.model.term(term);
    for (const { party, key } of changes.removed.values()) this.model.removeEntry(party, key);
    for (const entry of changes.entries.values()) this.model.writeEntry(entry);
    for (const [party, summary] of summaries) this.model.writeSummary(party, summary);
    const earlier = this.writeParties(changes, summaries, position);
    for (const { party, position: at } of changes.mentions) this.model.writeMention(party, at);
    this.identity.write({ ...changes, earlier }, position);
  }

  /** Answers those that were seen before the time at which they were first seen until now. */
  private writeParties(
    { namings: named, kinds, blocked, decisions }: Changes,
    summaries: ReadonlyMap<number, string | undefined>,
    changed: number,
  ): number[] {
    const earlier: number[] = [];
    const decided = decisions.flatMap(({ parties, rest = [] }) => [...parties, ...rest]);
    for (const handle of new Set([...named.keys(), ...summaries.keys(), ...decided])) {
      const known = this.model.naming(handle);
      const naming = named.get(handle) ?? UNSEEN;
      if (known === undefined) {
        const kind = kinds.get(handle);
        if (kind === undefined) throw new Error('a party that no event names has a summary');
        this.model.addParty(handle, { kind, blocked: blocked.has(handle), naming, changed });
        continue;
      }
      const combined = combineNamings(known, naming);
      this.model.writeNaming(handle, combined, changed);
      if (combined.first < known.first) earlier.push(handle);
    }
    return earlier;
  }
}

const byPosition = (a: { readonly position: number }, b: { readonly position: number }): number =>
  a.position - b.position;

const termsOf = (event: LoggedEvent): string[] => {
  const kinds = event.parties.map(({ kind }) => kind);
  return isOf('identity', event) ? kinds : [event.type, event.clear.channel, ...kinds];
};

const place = (one: LoggedEvent | Unusable): number => ('reason' in one ? one.event.position : one.position);
