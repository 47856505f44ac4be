import { createSecretKey, type KeyObject } from 'node:crypto';
import { ReadOnlyVaultError, VaultFileError, VaultMissingError } from './errors.js';
import { KeyedHash, namingHash } from './keyed-hash.js';
import { RandomPool } from './random-pool.js';
import { RecentMap } from './recent-map.js';
import { begin, ID, Names, openBegun, ownerBytes, readBegun, type BeginOptions } from './redis/begun.js';
import { PATIENCE, RedisDriver, type Patience } from './redis/driver.js';
import { DESTROY, MAKE, SCRUBBED } from './redis/scripts.js';
import { Ring, sealRecord, type Entry } from './ring.js';
import { checkMasterKey, type VaultKeys } from './vault-keys.js';
import type { Handle, Keyring, PartyRequest, Vault } from './vault.js';

export interface RedisVaultOptions extends BeginOptions {
  /** `redis://` or `rediss://`, with user and password where they are needed; of a cluster any node. */
  readonly url: string;
  /** It makes and destroys no keys. */
  readonly readOnly?: boolean;
  /** Several vaults can lie on one Redis; default `threadline-vault`. No braces. */
  readonly name?: string;
  readonly patience?: Partial<Patience>;
}

/** What is stored of the vault itself, as far as the keys can be used: who it is, and how many keys were destroyed. */
const STATE = ['id', 'destroyed'];

/** How many are held at least, and at most twice as many: a key and its record weigh about a kilobyte. */
const ENTRIES_HELD = 4_096;
const HANDLES_HELD = 16_384;
/** Keys of one script: it keeps everybody else waiting for a millisecond or two. */
const AT_ONCE = 256;

const SALT = 16;

interface Request {
  readonly owner: string;
  readonly identity: readonly [kind: string, value: string] | undefined;
}

/** The vault in a Redis of its own, for any number of processes at once. */
export class RedisVault implements Vault {
  readonly #driver: RedisDriver;
  readonly #names: Names;
  readonly #id: string;
  readonly #root: KeyedHash;
  readonly #readOnly: boolean;
  readonly #random = new RandomPool();
  readonly #entries = new RecentMap<Handle, Entry>(ENTRIES_HELD);
  readonly #handles = new RecentMap<string, Handle>(HANDLES_HELD);
  #destroyed = '0';
  #uncommitted = false;
  /** The last time that it was asked for. */
  #committed: Promise<void> = Promise.resolve();
  #scrubbing: Promise<unknown> = Promise.resolve();

  readonly hash: Vault['hash'];

  private constructor(driver: RedisDriver, names: Names, id: string, keys: VaultKeys, readOnly: boolean) {
    this.#driver = driver;
    this.#names = names;
    this.#id = id;
    this.#root = new KeyedHash(keys.root);
    this.hash = namingHash(new KeyedHash(keys.naming));
    this.#readOnly = readOnly;
  }

  /**
   * Opens the vault; begins one where there is none and the log is empty.
   * @throws VaultSettingsError where the Redis keeps less than every write; VaultMissingError, MasterKeyError,
   * VaultFileError, VaultBusyError
   */
  static async open(options: RedisVaultOptions): Promise<RedisVault> {
    const { url, masterKey, name = 'threadline-vault', readOnly = false } = options;
    checkMasterKey(masterKey);
    const names = new Names(name);
    const patience = { ...PATIENCE, ...options.patience };
    const driver = await RedisDriver.connect(url, names.vault, patience);
    try {
      await driver.assertStrong();
      if (!readOnly) await driver.wholeFile();
      const begun = (await readBegun(driver, names)) ?? (await begin(driver, names, options, patience.total));
      const { keys } = openBegun(masterKey, begun);
      const vault = new RedisVault(driver, names, begun.id, keys, readOnly);
      // What a process that died has left of the keys that it destroyed.
      if (begun.traces && !readOnly) await vault.#scrub();
      return vault;
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  handlesFor(parties: readonly PartyRequest[]): Promise<Handle[]> {
    return this.#handlesOf(
      parties.map(({ party, kind, value }) => ({ owner: party, identity: [kind, value] })),
    );
  }

  handlesForInteractions(interactions: readonly string[]): Promise<Handle[]> {
    return this.#handlesOf(interactions.map((owner) => ({ owner, identity: undefined })));
  }

  /** Every key was durable before its handle was given away; this asks whether such answers can still be believed. */
  async commit(): Promise<void> {
    if (this.#uncommitted) {
      // What is made while it asks is not covered by the answer.
      this.#uncommitted = false;
      this.#committed = this.#driver.assertStrong().catch((error: unknown) => {
        this.#uncommitted = true;
        throw error;
      });
    }
    await this.#committed;
  }

  async keys(handles: Iterable<Handle>): Promise<Keyring> {
    const wanted = [...new Set(handles)];
    const held = new Map<Handle, Entry>();
    const take = (): Handle[] =>
      wanted.filter((handle) => {
        const entry = this.#entries.get(handle);
        if (entry) held.set(handle, entry);
        return entry === undefined;
      });
    // A second time only where keys were destroyed since the last: what was held then is asked for as well.
    for (let missing = take(); ; missing = take()) {
      const { fields: told, values } = await this.#driver.read(
        this.#names.vault,
        STATE,
        missing.map((handle) => this.#names.key(handle)),
      );
      const anew = this.#noticed(told[0], told[1]);
      missing.forEach((handle, index) => {
        const record = values[index];
        if (!record) return;
        const entry = this.#entryFrom(record);
        this.#entries.set(handle, entry);
        held.set(handle, entry);
      });
      if (!anew) break;
      held.clear();
    }
    const entryOf = (handle: Handle): Entry | undefined => held.get(handle);
    return new Ring((handle) => entryOf(handle)?.key, entryOf);
  }

  async find(parties: readonly string[]): Promise<(Handle | undefined)[]> {
    const owners = parties.map((party) => this.#names.owner(party));
    const { fields: told, values } = await this.#driver.read(this.#names.vault, STATE, owners);
    this.#noticed(told[0], told[1]);
    return values.map((value) => (value ? Number(value.toString()) : undefined));
  }

  async destroy(handle: Handle): Promise<boolean> {
    if (this.#readOnly) throw new ReadOnlyVaultError();
    const key = this.#names.key(handle);
    const { fields: told, values } = await this.#driver.read(this.#names.vault, STATE, [key]);
    this.#noticed(told[0], told[1]);
    if (values[0]) {
      const { owner } = this.#entryFrom(values[0]);
      const keys = [this.#names.vault, this.#names.owner(owner), key];
      await this.#driver.write(DESTROY, keys, () => [this.#id, String(handle)]);
      this.#forget();
    }
    const [traces] = (await this.#driver.read(this.#names.vault, ['traces'], [])).fields;
    if (traces?.toString() === '1') await this.#scrub();
    return Boolean(values[0]);
  }

  async close(): Promise<void> {
    await this.#scrubbing.catch(() => undefined);
    await this.#driver.close();
  }

  async #handlesOf(requests: readonly Request[]): Promise<Handle[]> {
    if (this.#readOnly) throw new ReadOnlyVaultError();
    const found = new Map<string, Handle>();
    let missing = new Map<string, Request>();
    for (const request of requests) {
      const known = this.#handles.get(request.owner);
      if (known === undefined) missing.set(request.owner, request);
      else found.set(request.owner, known);
    }
    // A second time only where a handle was taken already: once in 10^9 among a million of 2^52.
    while (missing.size > 0) {
      const all = [...missing.values()];
      missing = new Map();
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const some = all.slice(from, from + AT_ONCE);
        const handles = await this.#make(some);
        some.forEach((request, index) => {
          const handle = handles[index];
          if (handle === undefined) missing.set(request.owner, request);
          else found.set(request.owner, handle);
        });
      }
    }
    return requests.map(({ owner }) => found.get(owner) as Handle);
  }

  /** The handles, made where they are missing; `undefined` where the drawn one was taken. */
  async #make(requests: readonly Request[]): Promise<(Handle | undefined)[]> {
    const drawn = requests.map((request) => this.#draw(request));
    const keys = drawn.flatMap(({ entry, handle }) => [
      this.#names.owner(entry.owner),
      this.#names.key(handle),
    ]);
    const records = drawn.flatMap(({ handle, record }) => [String(handle), record]);
    this.#uncommitted = true;
    const [destroyed, ...handles] = (await this.#driver.write(
      MAKE,
      [this.#names.vault, ...keys],
      ({ replicas }) => [this.#id, replicas > 0 ? '1' : '0', ...records],
    )) as string[];
    this.#noticed(this.#id, destroyed);
    return drawn.map(({ handle, entry }, index) => {
      const answer = handles[index];
      if (!answer) return undefined;
      const given = Number(answer);
      this.#handles.set(entry.owner, given);
      if (given === handle) this.#entries.set(handle, entry);
      return given;
    });
  }

  /** A new key, and how it is stored: 16 bytes of owner, 16 of salt, then who a party is, under that key. */
  #draw({ owner, identity }: Request): { handle: Handle; record: Buffer; entry: Entry } {
    const handle = this.#random.integer();
    const salt = Buffer.from(this.#random.take(SALT));
    const key = this.#keyFrom(salt);
    const box = identity ? sealRecord(key, handle, ...identity) : null;
    const party = identity && { handle, party: owner, kind: identity[0], value: identity[1] };
    const record = Buffer.concat([ownerBytes(owner), salt, box ?? Buffer.alloc(0)]);
    return { handle, record, entry: { key, owner, box, record: party } };
  }

  #entryFrom(record: Buffer): Entry {
    if (record.length < ID + SALT) throw new VaultFileError('a key of the vault is cut short');
    const box = record.length > ID + SALT ? record.subarray(ID + SALT) : null;
    const key = this.#keyFrom(record.subarray(ID, ID + SALT));
    return { key, owner: record.toString('hex', 0, ID), box, record: undefined };
  }

  #keyFrom(salt: Uint8Array): KeyObject {
    return createSecretKey(this.#root.hexOf(salt), 'hex');
  }

  /**
   * Takes what was told of the vault; true where keys were destroyed since the last look: then nothing is held any more.
   * What came with it is kept in the same step, or it would outlive a destruction that is noticed in between.
   */
  #noticed(id: unknown, destroyed: unknown): boolean {
    if (String(id) !== this.#id) throw new VaultMissingError();
    if (String(destroyed) === this.#destroyed) return false;
    this.#destroyed = String(destroyed);
    this.#forget();
    return true;
  }

  #forget(): void {
    this.#entries.clear();
    this.#handles.clear();
  }

  /** One after the other: who comes while the files are written anew was perhaps too late for that. */
  #scrub(): Promise<void> {
    const done = this.#scrubbing.then(async () => {
      const [count, traces] = (
        await this.#driver.read(this.#names.vault, ['destroyed', 'traces'], [])
      ).fields.map(String);
      if (traces !== '1') return;
      await this.#driver.rewriteFiles();
      await this.#driver.write(SCRUBBED, [this.#names.vault], () => [this.#id, String(count)]);
    });
    this.#scrubbing = done.catch(() => undefined);
    return done;
  }
}
