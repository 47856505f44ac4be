import type { JsonObject } from '@threadline/domain/canonical-json';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { searchText, tokenText } from '@threadline/projections/search-text';
import { nameOf, openEvent } from '@threadline/vault/sealing';
import type { Keyring, Vault } from '@threadline/vault/vault';
import { decode, handlesOf, isInteraction, type LoggedEvent } from './decode.js';
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

  /** Indexes events whose place is not what the checkpoint tells: out of their turn, or in a rebuild. */
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
    if (home !== undefined && typeof stated === 'string') this.people.meet(home.key, stated, keyring);
    const came = data?.['identifiers'];
    event.parties.forEach(({ key }, place) => {
      this.people.meet(key, Array.isArray(came) ? nameOf(came[place] ?? null) : undefined, keyring);
    });
  }
}
