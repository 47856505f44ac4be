import { links, rank } from '@threadline/domain/identifier';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import {
  combineNamings,
  contribute,
  namings,
  standings,
  type Naming,
  type Standing,
} from '@threadline/projections/contribution';
import { emptySummary } from '@threadline/projections/summary';
import { summaryFromJson, summaryToJson } from '@threadline/projections/summary-json';
import type { Vault } from '@threadline/vault/vault';
import type { CustomersModel, LinkRow, TimelineRow } from './customers-model.js';
import { decode, interactionOf, isInteraction, type LoggedEvent, type Unusable } from './decode.js';
import { entryKey } from './entry-key.js';

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
  readonly namings: Map<number, Naming>;
  readonly links: LinkRow[];
  readonly mentions: { party: number; position: number }[];
}

/** Folds events of the log into the read model `customers`. A batch and its checkpoint are written together or not at all. */
export class CustomersProjector {
  constructor(
    readonly model: CustomersModel,
    private readonly log: LocalLog,
    private readonly vault: Vault,
    private readonly now: () => number,
  ) {}

  /** `events` are all that the log holds after the checkpoint up to `upTo`. Answers how many were parked. */
  async project(events: readonly RecordedEvent[], upTo: number): Promise<number> {
    const { usable, parked } = await this.sort(events.filter(({ stream }) => isInteraction(stream)));
    const changes = await this.changesOf(usable, parked);
    const summaries = await this.summariesOf(changes);
    this.model.transaction(() => {
      this.writeParked(parked);
      this.write(changes, summaries, upTo);
      this.model.checkpoint = upTo;
    });
    return parked.length;
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
      links: [],
      mentions: [],
    };
    const byStream = new Map<string, LoggedEvent[]>();
    for (const event of fresh) {
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
    return changes;
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
    for (const [handle, naming] of namings(event)) {
      const known = changes.namings.get(handle);
      changes.namings.set(handle, known === undefined ? naming : combineNamings(known, naming));
    }
    const joined = linksOf(event);
    changes.links.push(...joined);
    for (const party of mentionsOf(event, joined)) changes.mentions.push({ party, position: event.position });
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
    for (const { party, key } of changes.removed.values()) this.model.removeEntry(party, key);
    for (const entry of changes.entries.values()) this.model.writeEntry(entry);
    for (const [party, summary] of summaries) this.model.writeSummary(party, summary);
    const touched = new Set([...changes.namings.keys(), ...summaries.keys()]);
    for (const handle of touched) {
      const known = this.model.party(handle);
      const naming = changes.namings.get(handle);
      const combined = known && naming ? combineNamings(known.naming, naming) : (naming ?? known?.naming);
      if (combined === undefined) throw new Error('a party that no event names has a summary');
      this.model.writeParty(handle, {
        customer: known?.customer ?? handle,
        naming: combined,
        changed: position,
      });
    }
    for (const { party, position: at } of changes.mentions) this.model.writeMention(party, at);
    for (const link of changes.links) {
      this.model.writeLink(link);
      const [a, b] = [this.model.customerOf(link.a), this.model.customerOf(link.b)];
      if (a !== undefined && b !== undefined) this.model.join(a, b, position);
    }
  }
}

const place = (one: LoggedEvent | Unusable): number => ('reason' in one ? one.event.position : one.position);

/** An event links its home with each of its other identifiers that is neither shared nor a device's. */
export function linksOf({ parties, home, at, id, position }: LoggedEvent): LinkRow[] {
  const stands = parties[home];
  if (stands === undefined || !links(stands.strength)) return [];
  const found = new Map<number, LinkRow>();
  for (const other of parties) {
    if (other.key === stands.key || !links(other.strength)) continue;
    const [a, b] = stands.key < other.key ? [stands.key, other.key] : [other.key, stands.key];
    const strength = Math.max(rank(stands.strength), rank(other.strength));
    const known = found.get(other.key);
    if (known === undefined || strength < known.strength)
      found.set(other.key, { a, b, strength, at, event: id, position });
  }
  return [...found.values()];
}

/** The parties that an event names without standing under them and without linking them. */
export function mentionsOf({ parties, home }: LoggedEvent, joined: readonly LinkRow[]): Set<number> {
  const own = new Set([parties[home]?.key, ...joined.flatMap(({ a, b }) => [a, b])]);
  return new Set(parties.map(({ key }) => key).filter((key) => !own.has(key)));
}
