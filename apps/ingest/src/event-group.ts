import { partyId, type Hash } from '@threadline/domain/ids';
import { evolve, type ReceivedEvent } from '@threadline/domain/interaction';
import type { Append, AppendResult, NewEvent, Position } from '@threadline/event-store/event-store';
import { ThreadlineError } from '@threadline/platform/errors';
import { sealEvent } from '@threadline/vault/sealing';
import type { Handle, PartyRequest } from '@threadline/vault/vault';
import { decide, type Candidate, type StreamPlan } from './event-decisions.js';
import type { IngestVault } from './ingest-parts.js';
import { InteractionStates, type IngestLog } from './interaction-states.js';

/** Times that a group is decided again because somebody else wrote to one of its streams. */
const ATTEMPTS = 10;

/** Others kept writing to the same interactions. 503. */
export class ContendedError extends ThreadlineError {
  constructor() {
    super('other writers were faster every time', { code: 'contended', retriable: true, status: 503 });
  }
}

/** Keys made at once: a request of 8 MiB can need more new ones than a vault holds unstored. */
const KEYED_AT_ONCE = 8_192;

/** Party ids remembered, at least; at most twice as many. */
const PARTIES = 4_096;

/**
 * Writes groups of events: decided, sealed, the keys durable first, then the events. A group shares its fsyncs; each
 * event gets its own outcome. Groups at the same time must have no stream and no event in common.
 */
export class EventGroups {
  readonly #log: IngestLog;
  readonly #vault: IngestVault;
  readonly #hash: Hash;
  readonly #states: InteractionStates;
  #parties = new Map<string, string>();
  #olderParties = new Map<string, string>();

  constructor(log: IngestLog, vault: IngestVault) {
    this.#log = log;
    this.#vault = vault;
    this.#hash = (...parts) => vault.hash(...parts);
    this.#states = new InteractionStates(log);
  }

  /** Settles every candidate. When it throws, nothing of those still pending was taken. */
  async write(candidates: readonly Candidate[]): Promise<void> {
    let pending = candidates;
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt === ATTEMPTS) throw new ContendedError();
      const wanted = pending.map(({ stream, event }) => ({ stream, source: event.cloudEvent.source }));
      const states = await this.#states.load(wanted, attempt > 0);
      pending = await this.#append(decide(pending, states, this.#log, this.#hash));
    }
  }

  /** Returns the candidates whose stream somebody else has written to. */
  async #append(plans: readonly StreamPlan[]): Promise<Candidate[]> {
    if (plans.length === 0) return [];
    const sealed = await this.#sealed(plans.flatMap(({ fresh }) => fresh.map(({ event }) => event)));
    let next = 0;
    const appends = plans.map(({ stream, known, fresh }): Append => {
      const expected = known.state.status === 'new' ? 'no-stream' : known.state.revision;
      const events = sealed.slice(next, (next += fresh.length));
      return { stream, expected, events };
    });
    const results = await this.#log.append(appends);
    return plans.flatMap((plan, index) => this.#settle(plan, results[index] as AppendResult));
  }

  #settle({ stream, known, fresh, copies }: StreamPlan, result: AppendResult): Candidate[] {
    if (result.status !== 'appended') {
      this.#states.forget(stream);
      return [...fresh, ...copies];
    }
    const { position } = result;
    const recorded = fresh.map(({ event }) => ({ eventId: event.eventId, event }));
    this.#states.remember(stream, { state: evolve(known.state, recorded), position });
    for (const candidate of fresh) settled(candidate, 'accepted', position);
    for (const candidate of copies) settled(candidate, 'duplicate', position);
    return [];
  }

  /** As they are stored. Every key that they are sealed under is durable when this returns. */
  async #sealed(events: readonly ReceivedEvent[]): Promise<NewEvent[]> {
    const requests: PartyRequest[] = [];
    const nameless: string[] = [];
    for (const { identifiers, interaction } of events) {
      if (identifiers.length === 0) nameless.push(interaction);
      for (const { kind, value } of identifiers)
        requests.push({ party: this.#party(kind, value), kind, value });
    }
    const parties = await this.#handles(requests, (some) => this.#vault.handlesFor(some));
    const interactions = await this.#handles(nameless, (some) => this.#vault.handlesForInteractions(some));
    const sealed = await this.#seal(events, parties, interactions);
    await this.#vault.commit();
    return sealed;
  }

  /** In slices; before all but the first, the keys made so far become durable. */
  async #handles<T>(of: readonly T[], make: (some: readonly T[]) => Promise<Handle[]>): Promise<Handle[]> {
    let handles: Handle[] = [];
    for (let from = 0; from < of.length; from += KEYED_AT_ONCE) {
      if (from > 0) await this.#vault.commit();
      handles = handles.concat(await make(of.slice(from, from + KEYED_AT_ONCE)));
    }
    return handles;
  }

  async #seal(
    events: readonly ReceivedEvent[],
    parties: readonly Handle[],
    interactions: readonly Handle[],
  ): Promise<NewEvent[]> {
    const keyring = await this.#vault.keys([...parties, ...interactions]);
    let party = 0;
    let lone = 0;
    return events.map((event): NewEvent => {
      const handles =
        event.identifiers.length === 0
          ? interactions.slice(lone, (lone += 1))
          : parties.slice(party, (party += event.identifiers.length));
      const stored = sealEvent(event, handles, keyring, this.#hash);
      return { id: event.eventId, type: event.type, data: Buffer.from(JSON.stringify(stored)) };
    });
  }

  #party(kind: string, value: string): string {
    // The length keeps kind and value apart, whatever is in them.
    const key = `${kind.length}:${kind}${value}`;
    const known = this.#parties.get(key) ?? this.#olderParties.get(key);
    if (known !== undefined) return known;
    if (this.#parties.size >= PARTIES) {
      this.#olderParties = this.#parties;
      this.#parties = new Map();
    }
    const party = partyId(this.#hash, kind, value);
    this.#parties.set(key, party);
    return party;
  }
}

function settled(candidate: Candidate, outcome: 'accepted' | 'duplicate', position: Position): void {
  candidate.outcome = outcome;
  candidate.position = position;
}
