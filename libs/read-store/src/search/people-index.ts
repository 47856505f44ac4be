import { tokenText } from '@threadline/projections/search-text';
import type { Keyring, PartyRecord } from '@threadline/vault/vault';
import type { SearchModel } from './search-model.js';

/** Takes in by what names a party goes. */
export interface PeopleIndex {
  /** An event names the party; `name` is what came with it. */
  meet(party: number, name: string | undefined, keyring: Keyring): void;
  /** What was taken in since the last commit may not have been written. */
  forget(): void;
}

function write(model: SearchModel, record: PartyRecord, names: ReadonlySet<string>): void {
  model.writePerson(record, tokenText(record.value), [...names], tokenText([...names].join('\n')));
}

/** Parties whose names are remembered, at least; at most twice as many. */
const REMEMBERED = 2_000;

/** Writes a party when it is met first, and again with each further name. */
export class LivePeople implements PeopleIndex {
  /** Two generations of the parties seen last. */
  private recent = new Map<number, ReadonlySet<string>>();
  private older = new Map<number, ReadonlySet<string>>();

  constructor(private readonly model: SearchModel) {}

  meet(party: number, name: string | undefined, keyring: Keyring): void {
    const known = this.namesOf(party);
    if (known !== undefined && (name === undefined || known.has(name))) return;
    const record = keyring.party(party);
    if (record === undefined) return;
    const names = new Set(known);
    if (name !== undefined) names.add(name);
    write(this.model, record, names);
    this.remember(party, names);
  }

  forget(): void {
    this.recent.clear();
    this.older.clear();
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
    if (this.recent.size >= REMEMBERED) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(party, names);
  }
}

interface Person {
  readonly record: PartyRecord;
  name: string | undefined;
  /** Further names, which few have. */
  others: Set<string> | undefined;
}

/** Gathers everybody in memory and writes each once, in the order of the index: for a model that is built anew. */
export class GatheredPeople implements PeopleIndex {
  private readonly people = new Map<number, Person>();

  constructor(private readonly model: SearchModel) {}

  meet(party: number, name: string | undefined, keyring: Keyring): void {
    const person = this.people.get(party);
    if (person === undefined) {
      // Opened now, while the key is at hand.
      const record = keyring.party(party);
      if (record !== undefined) this.people.set(party, { record, name, others: undefined });
    } else if (name !== undefined && name !== person.name) {
      if (person.name === undefined) person.name = name;
      else (person.others ??= new Set()).add(name);
    }
  }

  forget(): never {
    throw new TypeError('what is gathered is written at the end, or the build is given up');
  }

  /** Inside the transaction that is open. */
  writeAll(): void {
    const inOrder = [...this.people].sort(([a], [b]) => a - b);
    for (const [, { record, name, others }] of inOrder) {
      const names = name === undefined ? [] : [name];
      write(this.model, record, new Set([...names, ...(others ?? [])]));
    }
  }
}
