import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { statedPerson } from '@threadline/projections/look-alikes/stated-person';
import { searchText, tokenText } from '@threadline/projections/search-text';
import { nameOf, openEvent } from '@threadline/vault/sealing';
import type { Keyring, Vault } from '@threadline/vault/vault';
import { decode, handlesOf, isOf, isOfCustomers, type LoggedEvent } from '../customers/decode.js';
import { LivePeople, type PeopleIndex } from './people-index.js';
import type { SearchModel } from './search-model.js';

/** Feeds the search index. What cannot be used is passed over here: `customers` parks and lists it. */
export class SearchProjector {
  constructor(
    readonly model: SearchModel,
    private readonly vault: Vault,
    private readonly people: PeopleIndex = new LivePeople(model),
  ) {}

  async project(events: readonly RecordedEvent[], upTo: number): Promise<void> {
    const write = await this.prepare(events);
    this.commit(() => {
      write();
      this.model.checkpoint = upTo;
    });
  }

  /** Indexes events out of their turn: the checkpoint stays. */
  async index(events: readonly RecordedEvent[]): Promise<void> {
    const write = await this.prepare(events);
    this.commit(write);
  }

  private commit(write: () => void): void {
    try {
      this.model.transaction(write);
    } catch (error) {
      this.people.forget();
      throw error;
    }
  }

  private async prepare(events: readonly RecordedEvent[]): Promise<() => void> {
    const { logged } = await decode(events.filter(isOfCustomers), this.vault);
    const keyring = await this.vault.keys(handlesOf(logged));
    return () => {
      for (const event of logged) this.indexEvent(event, keyring);
    };
  }

  /** Indexes events that are decoded; the caller's transaction is open. */
  async take(events: readonly LoggedEvent[]): Promise<void> {
    const keyring = await this.vault.keys(handlesOf(events));
    for (const event of events) this.indexEvent(event, keyring);
  }

  private indexEvent(event: LoggedEvent, keyring: Keyring): void {
    if (isOf('identity', event)) {
      // Whom it names can be looked for; what it says is on nobody's timeline.
      for (const { key } of event.parties) this.people.meet(key, undefined, keyring);
      return;
    }
    const opened = openEvent(event.id, event.type, event.stored, keyring, this.vault.hash);
    const data = opened.cloudEvent?.data;
    if (data !== undefined) {
      const text = tokenText(searchText(data));
      if (text.trim() !== '') this.model.addWords(event.position, text);
    }
    const profile = event.type === 'profile.stated' ? data?.['profile'] : undefined;
    const home = event.parties[event.home];
    if (home !== undefined && isObject(profile)) this.indexProfile(home.key, profile, keyring);
    const came = data?.['identifiers'];
    event.parties.forEach(({ key }, place) => {
      this.people.meet(key, Array.isArray(came) ? nameOf(came[place] ?? null) : undefined, keyring);
    });
  }

  private indexProfile(home: number, profile: JsonObject, keyring: Keyring): void {
    const { name } = profile;
    if (typeof name === 'string') this.people.meet(home, name, keyring);
    const stated = statedPerson(profile);
    if (stated !== undefined) this.model.addStated(home, stated);
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
