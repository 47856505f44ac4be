import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { isRetriable } from '@threadline/platform/errors';
import { oneHandleEach, someParty } from '@threadline/vault/vault-contract';
import { RedisVault } from '@threadline/vault/redis-vault';
import type { PartyRequest } from '@threadline/vault/vault';
import type { RedisServers } from './redis-servers.js';
import { someName } from './redis-vaults.js';

/** The class, healthy or broken. */
export type VaultClass = Pick<typeof RedisVault, 'open'>;

const masterKey = randomBytes(32);
const logIsEmpty = (): Promise<boolean> => Promise.resolve(true);
/** Milliseconds: shorter than in production, for what is to be given up. */
const SHORT = { answer: 500, total: 1_500 };

/** A command that no vault gives. */
export async function command(url: string, ...words: readonly [string, ...string[]]): Promise<unknown> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on('error', () => undefined);
  try {
    const [name, ...args] = words;
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}

export interface Committed {
  readonly party: PartyRequest;
  readonly handle: number;
  /** The party's id, sealed under its key. */
  readonly box: string;
}

/** Every key that was answered for is there, and opens what it sealed. */
export async function allThere(url: string, name: string, committed: readonly Committed[]): Promise<void> {
  const vault = await RedisVault.open({ url, masterKey, name });
  try {
    const found = await vault.find(committed.map(({ party }) => party.party));
    // Counted, not compared: a hundred thousand that differ take twenty gigabytes to be shown beside each other.
    const lost = committed.filter(({ handle }, index) => found[index] !== handle).length;
    assert.equal(lost, 0, `${lost} of ${committed.length} committed keys are not found`);
    const ring = await vault.keys(committed.map(({ handle }) => handle));
    for (const { party, handle, box } of committed) assert.equal(ring.open(handle, 'e', box), party.party);
  } finally {
    await vault.close();
  }
}

/** Writers that make keys without end, whatever happens to the Redis; what was committed is kept. */
export async function startWriters(url: string, name: string, build: VaultClass = RedisVault) {
  const committed: Committed[] = [];
  let stopped = false;
  const writers = Array.from({ length: 3 }, async () => {
    const vault = await build.open({ url, masterKey, name, logIsEmpty });
    try {
      while (!stopped) {
        const parties = Array.from({ length: 20 }, () => someParty(vault));
        try {
          const handles = await vault.handlesFor(parties);
          const ring = await vault.keys(handles);
          const made = parties.map((party, index): Committed => {
            const handle = handles[index] as number;
            return { party, handle, box: ring.seal(handle, 'e', party.party) };
          });
          await vault.commit();
          committed.push(...made);
        } catch (error) {
          if (!isRetriable(error)) throw error;
        }
      }
    } finally {
      await vault.close();
    }
  });
  const all = Promise.all(writers);
  // A writer that ends early is met where it is waited for.
  all.catch(() => undefined);
  return {
    committed,
    /** Waits for so many more. */
    more: async (wanted: number): Promise<void> => {
      const from = committed.length;
      while (committed.length < from + wanted) await Promise.race([delay(5), all]);
    },
    stop: async (): Promise<void> => {
      stopped = true;
      await all;
    },
  };
}

/** A vault whose Redis is emptied while it runs says so, whatever it is asked. */
export async function emptyingIsNoticed(url: string, build: VaultClass): Promise<void> {
  const vault = await build.open({ url, masterKey, name: someName(), logIsEmpty });
  try {
    const known = someParty(vault);
    const [handle = 0] = await vault.handlesFor([known]);
    await vault.commit();
    await command(url, 'FLUSHALL');
    const missing = { code: 'vault-missing', exitCode: 74, fatal: true };
    await assert.rejects(vault.handlesFor([someParty(vault)]), missing);
    await assert.rejects(vault.handlesForInteractions([randomBytes(16).toString('hex')]), missing);
    await assert.rejects(vault.keys([handle]), missing);
    await assert.rejects(vault.find([known.party]), missing);
    await assert.rejects(vault.destroy(handle), missing);
  } finally {
    await vault.close();
  }
}

/** Of several who begin the vault and its keys at once. */
export async function oneKeyEach(url: string, build: VaultClass): Promise<void> {
  const options = { url, masterKey, name: someName(), logIsEmpty };
  const vaults = await Promise.all([build.open(options), build.open(options), build.open(options)]);
  try {
    await oneHandleEach(vaults);
  } finally {
    for (const vault of vaults) await vault.close();
  }
}

/** What the salt of that key looks like on the disk. */
async function saltOf(ports: readonly number[], name: string, handle: number): Promise<Buffer> {
  for (const port of ports) {
    const redis = new Redis(port);
    try {
      const record = await redis.getBuffer(`{${name}}:key:${handle}`);
      assert.ok(record);
      return record.subarray(16, 32);
    } catch (error) {
      if (!String(error).includes('MOVED')) throw error;
    } finally {
      redis.disconnect();
    }
  }
  throw new Error('no node has the key');
}

/** A file below the folder holds these bytes. */
export const inFiles = (folder: string, bytes: Buffer): boolean =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(bytes),
  );

/** After a destruction no file of any of the servers holds the salt; `finish` may do the rest of it. */
export async function saltsLeave(
  { url, folder, ports }: RedisServers,
  build: VaultClass,
  finish: (name: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const name = someName();
  const vault = await build.open({ url, masterKey, name, logIsEmpty });
  try {
    const handles = await vault.handlesFor(Array.from({ length: 300 }, () => someParty(vault)));
    await vault.commit();
    const doomed = handles.filter((_, index) => index % 100 === 0);
    const salts = await Promise.all(doomed.map((handle) => saltOf(ports, name, handle)));
    assert.ok(salts.every((salt) => inFiles(folder, salt)));
    for (const told of await Promise.all(doomed.map((handle) => vault.destroy(handle))))
      assert.equal(told, true);
    await finish(name);
    for (const salt of salts) assert.equal(inFiles(folder, salt), false, 'a salt is left in the files');
    assert.ok((await vault.keys(handles)).party(handles[1] as number));
  } finally {
    await vault.close();
  }
}

/** Ends what a process that died has left. */
export const openedAgain =
  (url: string) =>
  async (name: string): Promise<void> =>
    (await RedisVault.open({ url, masterKey, name })).close();

/**
 * A master that dies while its replica is away takes no key with it that was answered for. The servers are a master
 * and a replica, of which one must have every write.
 */
export async function replicaHasAll(servers: RedisServers, build: VaultClass): Promise<void> {
  const name = someName();
  const { url, ports } = servers;
  const vault = await build.open({ url, masterKey, name, logIsEmpty, patience: SHORT });
  const parties = [someParty(vault), someParty(vault)] as const;
  const promised: PartyRequest[] = [];
  try {
    await vault.handlesFor([parties[0]]);
    await vault.commit();
    promised.push(parties[0]);
    // The master counts on it for ten seconds more; what it sends now is read by nobody.
    servers.kill(2, 'SIGSTOP');
    const late = await vault.handlesFor([parties[1]]).then(
      () => vault.commit(),
      (error: unknown) => error,
    );
    if (late === undefined) promised.push(parties[1]);
    else assert.equal((late as { code?: unknown }).code, 'vault-busy');
  } finally {
    await vault.close();
  }
  servers.kill(2);
  servers.kill(1);
  await servers.start(2);
  const replica = `redis://127.0.0.1:${ports[1]}`;
  await command(replica, 'REPLICAOF', 'NO', 'ONE');
  const after = await RedisVault.open({ url: replica, masterKey, name });
  try {
    const found = await after.find(promised.map(({ party }) => party));
    assert.ok(
      found.every((handle) => handle !== undefined),
      'a key that was answered for is lost',
    );
  } finally {
    await after.close();
  }
}
