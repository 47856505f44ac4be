import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { VaultFileError, VaultMissingError } from '../errors.js';
import {
  newKeys,
  unwrapKeys,
  wrapKeys,
  wrongMasterKey,
  type VaultKeys,
  type WrappedKeys,
} from '../vault-keys.js';
import type { Handle } from '../vault.js';
import type { RedisDriver } from './driver.js';
import { BEGIN } from './scripts.js';

const VERSION = '1';
/** Milliseconds. */
const LOOK_AGAIN = 50;

/** Bytes of the id of a party or an interaction. */
export const ID = 16;

/** Where things lie. All of it has one hash tag: a cluster keeps it in one slot, so that a script sees all of it. */
export class Names {
  readonly vault: string;

  constructor(name: string) {
    if (!/^[^{}]+$/.test(name)) throw new TypeError('the name of a vault has no braces');
    this.vault = `{${name}}`;
  }

  owner(id: string): string {
    ownerBytes(id);
    return `${this.vault}:owner:${id}`;
  }

  key(handle: Handle): string {
    return `${this.vault}:key:${handle}`;
  }
}

/** The id of a party or an interaction, as it is stored. */
export function ownerBytes(id: string): Buffer {
  const bytes = Buffer.from(id, 'hex');
  if (id.length !== 2 * ID || bytes.length !== ID) throw new TypeError('an id has 32 hex digits');
  return bytes;
}

/** The vault itself, as it is stored. */
export interface Begun extends WrappedKeys {
  readonly id: string;
  /** The same keys under the master key that is to come, while it is rotated: either opens the vault. */
  readonly next: WrappedKeys | undefined;
  /** Keys were destroyed, and the files have not been written anew since. */
  readonly traces: boolean;
}

const STORED = ['version', 'id', 'root', 'naming', 'traces', 'root.next', 'naming.next'];

/** `undefined` where there is none. */
export async function readBegun(driver: RedisDriver, names: Names): Promise<Begun | undefined> {
  const { fields } = await driver.read(names.vault, STORED, []);
  const [version, id, root, naming, traces, nextRoot, nextNaming] = fields;
  if (!version || !id || !root || !naming) return undefined;
  if (version.toString() !== VERSION) {
    throw new VaultFileError(
      `the vault has version ${version.toString()}, this code knows version ${VERSION}: use the newer code`,
    );
  }
  const next = nextRoot && nextNaming ? { root: nextRoot, naming: nextNaming } : undefined;
  return { id: id.toString(), root, naming, next, traces: traces?.toString() === '1' };
}

/**
 * The keys, and whether the master key is the one to come.
 * @throws MasterKeyError
 */
export function openBegun(
  masterKey: Uint8Array,
  { next, ...now }: Begun,
): { keys: VaultKeys; isNext: boolean } {
  const keys = unwrapKeys(masterKey, now);
  if (keys !== undefined) return { keys, isNext: false };
  const later = next && unwrapKeys(masterKey, next);
  if (later === undefined) throw wrongMasterKey();
  return { keys: later, isNext: true };
}

export interface BeginOptions {
  /** 32 bytes; the same for every process. */
  readonly masterKey: Uint8Array;
  /**
   * Asked where there is no vault yet: is there nothing in the log that one was needed for? Only then is one begun;
   * without it never. A log without its vault cannot be read, and whoever began another would give its people keys and
   * handles a second time.
   */
  readonly logIsEmpty?: () => Promise<boolean>;
}

/**
 * The first start. Of several processes one begins the vault, and all of them open that one; who may not begin it waits
 * so many milliseconds for it.
 */
export async function begin(
  driver: RedisDriver,
  names: Names,
  options: BeginOptions,
  wait: number,
): Promise<Begun> {
  const { masterKey, logIsEmpty } = options;
  const empty = logIsEmpty !== undefined && (await logIsEmpty());
  if (empty) {
    const { root, naming } = wrapKeys(masterKey, newKeys(masterKey));
    const fields = { version: VERSION, id: randomBytes(16).toString('hex'), destroyed: '0', traces: '0' };
    await driver.write(BEGIN, [names.vault], () => [
      ...Object.entries(fields).flat(),
      ...['root', Buffer.from(root), 'naming', Buffer.from(naming)],
    ]);
  }
  // Where it was not: the log of one that somebody else began in between is no longer empty. Who begins none waits for
  // who does: of a cluster that is started at once, the first to ask may be a reader.
  const until = performance.now() + (logIsEmpty === undefined ? wait : 0);
  do {
    const begun = await readBegun(driver, names);
    if (begun !== undefined) return begun;
    await delay(LOOK_AGAIN);
  } while (performance.now() < until);
  throw new VaultMissingError(
    logIsEmpty === undefined
      ? "there is no vault in the vault's Redis yet"
      : "the vault's Redis is empty, and the log cannot be read without the vault that it was written with: restore it",
  );
}
