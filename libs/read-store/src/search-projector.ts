import type { JsonObject } from '@threadline/domain/canonical-json';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { searchText, tokenText } from '@threadline/projections/search-text';
import { nameOf, openEvent } from '@threadline/vault/sealing';
import type { Keyring, Vault } from '@threadline/vault/vault';
import { decode, handlesOf, isInteraction, type LoggedEvent } from './decode.js';
import type { SearchModel } from './search-model.js';

/** Parties whose names are remembered, at least; at most twice as many. */
const REMEMBERED = 2_000;

/** Feeds the search index. What cannot be used is passed over here: `customers` parks and lists it. */
export class SearchProjector {
  /** Names known of the parties seen last, two generations of them. */
  private recent = new Map<number, ReadonlySet<string>>();
  private older = new Map<number, ReadonlySet<string>>();

  constructor(
    readonly model: SearchModel,
    private readonly vault: Vault,
    private readonly remembered = REMEMBERED,
  ) {}

  async project(events: readonly RecordedEvent[], upTo: number): Promise<void> {
    const write = await this.prepare(events);
    this.commit(() => {
      write();
      this.model.checkpoint = upTo;
    });
  }

  /** Indexes events whose place is not what the checkpoint tells: out of their turn, or in a rebuild. */
  async index(events: readonly RecordedEvent[]): Promise<void> {
    const write = await this.prepare(events);
    this.commit(write);
  }

  private commit(write: () => void): void {
    try {
      this.model.transaction(write);
    } catch (error) {
      // What was remembered may not have been written.
      this.recent.clear();
      this.older.clear();
      throw error;
    }
  }

  private async prepare(events: readonly RecordedEvent[]): Promise<() => void> {
    const { logged } = await decode(
      events.filter(({ stream }) => isInteraction(stream)),
      this.vault,
    );
    const keyring = await this.vault.keys(handlesOf(logged.map(({ stored }) => stored)));
    return () => {
      for (const event of logged) this.indexEvent(event, keyring);
    };
  }

  private indexEvent(event: LoggedEvent, keyring: Keyring): void {
    const opened = openEvent(event.id, event.type, event.stored, keyring, this.vault.hash.bind(this.vault));
    const data = opened.cloudEvent?.data;
    if (data !== undefined) {
      const text = tokenText(searchText(data));
      if (text.trim() !== '') this.model.addWords(event.position, text);
    }
    const stated =
      event.type === 'profile.stated' ? (data?.['profile'] as JsonObject | undefined)?.['name'] : undefined;
    const home = event.parties[event.home];
    if (home !== undefined && typeof stated === 'string') this.indexPerson(home.key, stated, keyring);
    const came = data?.['identifiers'];
    event.parties.forEach(({ key }, place) => {
      this.indexPerson(key, Array.isArray(came) ? nameOf(came[place] ?? null) : undefined, keyring);
    });
  }

  private indexPerson(party: number, name: string | undefined, keyring: Keyring): void {
    const known = this.namesOf(party);
    if (known !== undefined && (name === undefined || known.has(name))) return;
    const person = keyring.party(party);
    if (person === undefined) return;
    const names = new Set(known);
    if (name !== undefined) names.add(name);
    this.model.writePerson(party, tokenText(person.value), [...names], tokenText([...names].join('\n')));
    this.remember(party, names);
  }

  private namesOf(party: number): ReadonlySet<string> | undefined {
    const known = this.recent.get(party) ?? this.older.get(party);
    if (known !== undefined) return known;
    const stored = this.model.namesOf(party);
    if (stored === undefined) return undefined;
    const names = new Set(stored);
    this.remember(party, names);
    return names;
  }

  private remember(party: number, names: ReadonlySet<string>): void {
    if (this.recent.size >= this.remembered) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(party, names);
  }
}
