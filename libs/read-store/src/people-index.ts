import { tokenText } from '@threadline/projections/search-text';
import type { Keyring, Vault } from '@threadline/vault/vault';
import type { SearchModel } from './search-model.js';

/** Takes in by what names a party goes. */
export interface PeopleIndex {
  /** An event names the party; `name` is what came with it. */
  meet(party: number, name: string | undefined, keyring: Keyring): void;
  /** What was taken in since the last commit may not have been written. */
  forget(): void;
}

function write(model: SearchModel, keyring: Keyring, party: number, names: ReadonlySet<string>): boolean {
  const person = keyring.party(party);
  if (person === undefined) return false;
  model.writePerson(party, tokenText(person.value), [...names], tokenText([...names].join('\n')));
  return true;
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
    const names = new Set(known);
    if (name !== undefined) names.add(name);
    if (write(this.model, keyring, party, names)) this.remember(party, names);
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

const CHUNK = 20_000;
const NONE: ReadonlySet<string> = new Set();

/** Gathers everybody in memory and writes each once, in the order of the index: for a model that is built anew. */
export class GatheredPeople implements PeopleIndex {
  private readonly people = new Map<number, ReadonlySet<string>>();
  /** Most names are the only one of their party and come again with each event. */
  private readonly alone = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly model: SearchModel,
    private readonly vault: Vault,
  ) {}

  meet(party: number, name: string | undefined): void {
    const known = this.people.get(party);
    if (name === undefined) {
      if (known === undefined) this.people.set(party, NONE);
    } else if (known === undefined || known.size === 0) this.people.set(party, this.only(name));
    else if (!known.has(name)) this.people.set(party, new Set([...known, name]));
  }

  forget(): never {
    throw new TypeError('what is gathered is written at the end, or the build is given up');
  }

  private only(name: string): ReadonlySet<string> {
    let names = this.alone.get(name);
    if (names === undefined) this.alone.set(name, (names = new Set([name])));
    return names;
  }

  async writeAll(): Promise<void> {
    this.alone.clear();
    const parties = [...this.people.keys()].sort((a, b) => a - b);
    for (let from = 0; from < parties.length; from += CHUNK) {
      const chunk = parties.slice(from, from + CHUNK);
      const keyring = await this.vault.keys(chunk);
      this.model.transaction(() => {
        for (const party of chunk) write(this.model, keyring, party, this.people.get(party) ?? NONE);
      });
    }
  }
}
