import { createSecretKey, type KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ReadOnlyVaultError, VaultBusyError } from './errors.js';
import { KeyTable } from './key-table.js';
import { KeyedHash, namingHash } from './keyed-hash.js';
import { RandomPool } from './random-pool.js';
import { RecentMap } from './recent-map.js';
import { Ring, sealRecord, type Entry } from './ring.js';
import { hasTraces, scrub } from './scrub.js';
import { openVaultFile, readVaultFile, translated } from './vault-file.js';
import { checkMasterKey, dropOlder, makeKeys, unwrap, type VaultKeys } from './vault-keys.js';
import type { Handle, Keyring, PartyRecord, PartyRequest, Vault } from './vault.js';

export interface SqliteVaultOptions {
  /** The hub's data folder; it exists. */
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** Beside a writer in another thread or process. */
  readonly readOnly?: boolean;
  /** How many keys are held in memory beyond the recent ones: for who goes through everybody's. Default none. */
  readonly held?: number;
}

/** Made and handed out, not stored yet. */
interface Pending {
  readonly handle: Handle;
  readonly owner: Buffer;
  readonly salt: Buffer;
  readonly entry: Entry;
}

type KeyRow = [handle: number, owner: Uint8Array, salt: Uint8Array, box: Uint8Array | null, seq: number];
const KEY_COLUMNS = 'handle, owner, salt, box, seq';

/** How many are held at least, and at most twice as many; see SPEED: a key and its record weigh about a kilobyte. */
const ENTRIES_HELD = 2_048;
/** Where the keys are held apart: enough for who asks who a party is after opening what it sealed. Few die young. */
const ENTRIES_BESIDE = 512;
/** And of who parties are, once they were asked for: a tenth of the size. */
const RECORDS_BESIDE = 65_536;
/**
 * Keys that are read together by who goes through everybody's: they were made one after the other, for events that came
 * one after the other, and are wanted so.
 */
const NEIGHBOURS = 32;
const HANDLES_HELD = 8_192;
/** So many unstored keys mean that the disk has been full for long: no more are made. */
const PENDING_LIMIT = 100_000;

const SALT = 16;

/** The id of a party or an interaction, as it is stored: 16 bytes. */
function ownerBytes(id: string): Buffer {
  const bytes = Buffer.from(id, 'hex');
  if (id.length !== 32 || bytes.length !== 16) throw new TypeError('an id has 32 hex digits');
  return bytes;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** An entry of a row: of many that are read together only some are used, so the key itself is made when it is. */
class StoredEntry implements Entry {
  record: PartyRecord | undefined;
  #key: KeyObject | undefined;

  /** `bytes`: of the key, 64 hex digits. */
  constructor(
    readonly bytes: string,
    private readonly id: Uint8Array,
    readonly box: Uint8Array | null,
  ) {}

  get key(): KeyObject {
    return (this.#key ??= createSecretKey(this.bytes, 'hex'));
  }

  get owner(): string {
    return hex(this.id);
  }
}

/** The vault in a file of its own. One writer; any number of readers in other threads and processes. */
export class SqliteVault implements Vault {
  readonly #db: DatabaseSync;
  readonly #root: KeyedHash;
  readonly #folder: string;
  readonly #readOnly: boolean;
  readonly #random = new RandomPool();
  readonly #entries: RecentMap<Handle, Entry>;
  readonly #held: KeyTable | undefined;
  readonly #records: RecentMap<Handle, PartyRecord> | undefined;
  readonly #ring: Ring;
  readonly #handles = new RecentMap<string, Handle>(HANDLES_HELD);
  readonly #pending = new Map<Handle, Pending>();
  readonly #pendingHandles = new Map<string, Handle>();
  readonly #byHandle: StatementSync;
  readonly #byOwner: StatementSync;
  readonly #following: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #destroyed: StatementSync;
  #insert: StatementSync | undefined;
  #seenVersion = -1;
  #seenDestroyed = -1;
  #destroying: Promise<unknown> = Promise.resolve();

  readonly hash: Vault['hash'];

  private constructor(
    db: DatabaseSync,
    keys: VaultKeys,
    { folder, readOnly = false, held }: SqliteVaultOptions,
  ) {
    this.#db = db;
    this.#root = new KeyedHash(keys.root);
    this.hash = namingHash(new KeyedHash(keys.naming));
    this.#entries = new RecentMap(held === undefined ? ENTRIES_HELD : ENTRIES_BESIDE);
    this.#held = held === undefined ? undefined : new KeyTable(held);
    this.#records = held === undefined ? undefined : new RecentMap(RECORDS_BESIDE);
    this.#ring = new Ring(
      (handle) => this.#keyOf(handle),
      (handle) => this.#entryOf(handle),
      this.#records,
    );
    this.#folder = folder;
    this.#readOnly = readOnly;
    const rows = (where: string): StatementSync => {
      const statement = db.prepare(`SELECT ${KEY_COLUMNS} FROM sealing_key WHERE ${where}`);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#byHandle = rows('handle = ?');
    this.#byOwner = rows('owner = ?');
    this.#following = rows(`seq > ? ORDER BY seq LIMIT ${NEIGHBOURS}`);
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#destroyed = db.prepare('SELECT count FROM destruction');
  }

  /**
   * Opens the vault of the folder; the writer makes it where there is none.
   * @throws MasterKeyError, VaultFileError, VaultBusyError
   */
  static async open(options: SqliteVaultOptions): Promise<SqliteVault> {
    const { folder, masterKey, readOnly } = options;
    checkMasterKey(masterKey);
    const db = readOnly
      ? readVaultFile(folder)
      : openVaultFile(folder, (fresh) => makeKeys(fresh, masterKey));
    // Who goes through everybody's keys finds them in memory, not by a system call each.
    if (options.held !== undefined) db.exec('PRAGMA cache_size = -32000');
    try {
      const { keys, generation, newest } = translated(() => unwrap(db, masterKey));
      if (!readOnly) {
        // The end of a rotation that died half-way: once the newest key is in use, the older ones open nothing.
        if (newest) translated(() => dropOlder(db, generation));
        if (translated(() => hasTraces(db))) await scrub(db, folder);
      }
      return new SqliteVault(db, keys, options);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  // async, so that what is thrown is a rejection, as with a vault across the network.
  async handlesFor(parties: readonly PartyRequest[]): Promise<Handle[]> {
    return parties.map(({ party, kind, value }) => this.#handleOf(party) ?? this.#make(party, [kind, value]));
  }

  async handlesForInteractions(interactions: readonly string[]): Promise<Handle[]> {
    return interactions.map(
      (interaction) => this.#handleOf(interaction) ?? this.#make(interaction, undefined),
    );
  }

  async commit(): Promise<void> {
    this.#store();
  }

  /** Keys are looked up when they are asked for: on the same disk there is no round trip to save. */
  async keys(_handles: Iterable<Handle>): Promise<Keyring> {
    this.#notice();
    return this.#ring;
  }

  async find(parties: readonly string[]): Promise<(Handle | undefined)[]> {
    this.#notice();
    return parties.map((party) => this.#handleOf(party));
  }

  destroy(handle: Handle): Promise<boolean> {
    // One after the other: what one leaves in the file is not looked for by the next.
    const done = this.#destroying.then(() => this.#destroy(handle));
    this.#destroying = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#destroying;
    if (this.#db.isOpen) translated(() => this.#db.close());
  }

  #handleOf(owner: string): Handle | undefined {
    const known = this.#handles.get(owner) ?? this.#pendingHandles.get(owner);
    if (known !== undefined) return known;
    const row = translated(() => this.#byOwner.get(ownerBytes(owner))) as KeyRow | undefined;
    if (row === undefined) return undefined;
    this.#handles.set(owner, row[0]);
    this.#entries.set(row[0], this.#entryFrom(row));
    return row[0];
  }

  #make(owner: string, identity: [kind: string, value: string] | undefined): Handle {
    if (this.#readOnly) throw new ReadOnlyVaultError();
    if (this.#pending.size >= PENDING_LIMIT) throw new VaultBusyError('too many keys wait to be stored');
    // Stored ones are not asked: that the same comes twice among 10^6 of 2^52 is left to the table, which refuses it.
    let handle: Handle;
    do handle = this.#random.integer();
    while (this.#pending.has(handle));
    const salt = Buffer.from(this.#random.take(SALT));
    const key = this.#keyFrom(salt);
    const box = identity ? sealRecord(key, handle, ...identity) : null;
    const record = identity ? { handle, party: owner, kind: identity[0], value: identity[1] } : undefined;
    this.#pending.set(handle, { handle, owner: ownerBytes(owner), salt, entry: { key, owner, box, record } });
    this.#pendingHandles.set(owner, handle);
    return handle;
  }

  /** Stores what was made. When it fails, all of it stays in hand for the next attempt: no caller is told a lie. */
  #store(): void {
    if (this.#pending.size === 0) return;
    translated(() => {
      const insert = (this.#insert ??= this.#db.prepare(
        'INSERT INTO sealing_key (handle, owner, salt, box) VALUES (?, ?, ?, ?)',
      ));
      this.#transaction(() => {
        for (const { handle, owner, salt, entry } of this.#pending.values()) {
          insert.run(handle, owner, salt, entry.box);
        }
      });
    });
    for (const { handle, entry } of this.#pending.values()) {
      this.#entries.set(handle, entry);
      this.#handles.set(entry.owner, handle);
    }
    this.#pending.clear();
    this.#pendingHandles.clear();
  }

  async #destroy(handle: Handle): Promise<boolean> {
    if (this.#readOnly) throw new ReadOnlyVaultError();
    this.#store();
    // Left by an attempt that met a reader after its deletion: what to look for is not known any more.
    if (translated(() => hasTraces(this.#db))) await scrub(this.#db, this.#folder);
    const row = translated(() => this.#byHandle.get(handle)) as KeyRow | undefined;
    if (row === undefined) return false;
    translated(() => {
      this.#transaction(() => {
        this.#db.prepare('DELETE FROM sealing_key WHERE handle = ?').run(handle);
        this.#db.prepare('UPDATE destruction SET count = count + 1, traces = 1').run();
      });
    });
    this.#entries.delete(handle);
    this.#clearHeld();
    this.#handles.delete(hex(row[1]));
    await scrub(this.#db, this.#folder, [row[1], row[2]]);
    return true;
  }

  #transaction(run: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      run();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** A reader looks whether keys were destroyed elsewhere since it looked last (1 µs where nothing was written). */
  #notice(): void {
    if (!this.#readOnly) return;
    translated(() => {
      const version = Number(this.#dataVersion.get()?.['data_version']);
      if (version === this.#seenVersion) return;
      const destroyed = Number(this.#destroyed.get()?.['count']);
      if (destroyed !== this.#seenDestroyed) {
        this.#entries.clear();
        this.#clearHeld();
        this.#handles.clear();
      }
      this.#seenVersion = version;
      this.#seenDestroyed = destroyed;
    });
  }

  #entryOf(handle: Handle): Entry | undefined {
    const known = this.#entries.get(handle) ?? this.#pending.get(handle)?.entry;
    if (known) return known;
    const row = translated(() => this.#byHandle.get(handle)) as KeyRow | undefined;
    if (row === undefined) return undefined;
    if (this.#held?.get(handle) === undefined) this.#holdFollowing(row);
    return this.#hold(row);
  }

  #holdFollowing([, , , , seq]: KeyRow): void {
    if (this.#held === undefined) return;
    const rows = translated(() => this.#following.all(seq)) as unknown as KeyRow[];
    for (const row of rows) if (this.#held.get(row[0]) === undefined) this.#hold(row);
  }

  #hold(row: KeyRow): Entry {
    const [handle] = row;
    const entry = this.#entryFrom(row);
    this.#entries.set(handle, entry);
    this.#held?.set(handle, Buffer.from(entry.bytes, 'hex'));
    return entry;
  }

  #clearHeld(): void {
    this.#held?.clear();
    this.#records?.clear();
  }

  #keyOf(handle: Handle): KeyObject | undefined {
    const held = this.#held?.get(handle);
    return held === undefined ? this.#entryOf(handle)?.key : createSecretKey(held);
  }

  #entryFrom([, owner, salt, box]: KeyRow): StoredEntry {
    return new StoredEntry(this.#root.hexOf(salt), owner, box);
  }

  #keyFrom(salt: Uint8Array): KeyObject {
    return createSecretKey(this.#root.hexOf(salt), 'hex');
  }
}
