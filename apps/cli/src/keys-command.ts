import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig, parseMasterKey, type Config } from '@threadline/platform/config';
import { isScope, SCOPES, type Scope } from '@threadline/platform/auth';
import { loadMasterKey, masterKeyPath, rotateMasterKey } from '@threadline/vault/master-key';
import { beginRotation, finishRotation } from '@threadline/vault/redis/rotation';
import { detailOf, HubClient, HubRefusedError, type HubAnswer } from './hub-client.js';
import { clusterMasterKey, clusterVault, FolderError, requireStores } from './folder.js';
import { say } from './said.js';
import { UsageError } from './usage-error.js';

const HELP = `
Examples:
  threadline keys create --scopes write --label 'web shop'
  threadline keys list
  threadline keys revoke 5b0c1f
  threadline keys rotate-master                       (the hub must not run; a new master.key is made)
  threadline keys rotate-master --new-key-file ./new  (where the key is in THREADLINE_MASTER_KEY)
  threadline keys rotate-master --finish              (cluster: the new key is the only one from now on)

A key is shown once, when it is made: the hub keeps only its hash. These want a key with admin in THREADLINE_KEY, but for
rotate-master, which works on THREADLINE_DATA, and in a cluster on THREADLINE_VAULT.

In a cluster nothing is stopped: rotate-master --new-key-file lets the new master key open the vault beside the old one;
then every service is started again with the new one; then rotate-master --finish, with the new one, ends the old one.
Until the last service has it, a decision on identity or a redrive may be refused, and can be asked for again.`;

/** `threadline keys`. */
export function keysCommand(): Command {
  const keys = new Command('keys')
    .description("the hub's keys, and the master key")
    .addHelpText('after', HELP);
  keys
    .command('create')
    .description('make a key, and show it once')
    .requiredOption('--scopes <list>', `what it may do, by commas: ${SCOPES.join(', ')}`, scopesOf)
    .option('--label <text>', 'what it is for')
    .addHelpText('after', "\nExample:\n  threadline keys create --scopes read,act --label 'store tablets'")
    .action((options: { scopes: Scope[]; label?: string }) => create(options));
  keys
    .command('list')
    .description('every key: id, scopes, label, never the key itself')
    .addHelpText('after', '\nExample:\n  threadline keys list')
    .action(() => list());
  keys
    .command('revoke')
    .description('end a key, at once and for good')
    .argument('<id>', 'as keys list shows it')
    .addHelpText('after', '\nExample:\n  threadline keys revoke 5b0c1f')
    .action((id: string) => revoke(id));
  keys
    .command('rotate-master')
    .description('wrap the vault by another master key; a hub must not run, a cluster may')
    .option('--new-key-file <file>', 'the new key (base64 of 32 bytes); made where it is not there yet')
    .option(
      '--finish',
      'in a cluster, when every service has the new key: the old one opens the vault no more',
    )
    .addHelpText('after', '\nExample:\n  THREADLINE_DATA=/srv/threadline threadline keys rotate-master')
    .action((options: Rotation) => rotate(options));
  return keys;
}

function scopesOf(text: string): Scope[] {
  const scopes = text.split(',').map((scope) => scope.trim());
  const known = scopes.filter(isScope);
  if (known.length !== scopes.length)
    throw new InvalidArgumentError(`some of ${SCOPES.join(', ')}, by commas`);
  return [...new Set(known)];
}

function refuse(answer: HubAnswer, what: string): never {
  throw new HubRefusedError(answer.status, `${what}: ${detailOf(answer)}`);
}

async function create({ scopes, label }: { scopes: Scope[]; label?: string }): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request('/v1/keys', {
    method: 'POST',
    contentType: 'application/json',
    body: JSON.stringify({ scopes, ...(label === undefined ? {} : { label }) }),
  });
  if (answer.status >= 300) refuse(answer, 'no key was made');
  const { id, key } = answer.body as { id: string; key: string };
  say(
    `${key}\nThis is the only time that it is shown. Its id is ${id}, its scopes ${scopes.join(', ')}.`,
    answer.body as object,
  );
}

interface ListedKey {
  readonly id: string;
  readonly label: string | null;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

async function list(): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request('/v1/keys');
  if (answer.status !== 200) refuse(answer, 'the keys cannot be listed');
  const { keys } = answer.body as { keys: ListedKey[] };
  for (const key of keys) {
    const state = key.revokedAt === null ? '' : `  revoked ${key.revokedAt}`;
    say(`${key.id}  ${key.scopes.join(',')}  ${key.label ?? ''}  made ${key.createdAt}${state}`, key);
  }
}

async function revoke(id: string): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request(`/v1/keys/${encodeURIComponent(id)}`, {
    method: 'DELETE',
  });
  if (answer.status === 404) refuse(answer, `there is no key ${id} in force`);
  if (answer.status >= 300) refuse(answer, `the key ${id} was not revoked`);
  say(`the key ${id} is revoked`, { revoked: id });
}

interface Rotation {
  readonly newKeyFile?: string;
  readonly finish?: boolean;
}

async function rotate({ newKeyFile, finish = false }: Rotation): Promise<void> {
  const config = loadConfig();
  if (config.mode === 'cluster')
    return rotateInCluster(config, { finish, ...(newKeyFile && { newKeyFile }) });
  if (finish) throw new UsageError('--finish is for a cluster: a hub has its new key at once');
  requireStores(config.folder, `${config.folder} holds no vault: set THREADLINE_DATA`);
  const old = loadMasterKey(config);
  if (config.masterKey !== undefined && newKeyFile === undefined) {
    throw new UsageError(
      'the master key is in THREADLINE_MASTER_KEY: --new-key-file <file> says where the new one goes',
    );
  }
  const next = newKeyFile === undefined ? randomBytes(32) : keyIn(resolve(newKeyFile));
  const file = config.masterKeyFile ?? masterKeyPath(config.folder);
  await rotateMasterKey(config.folder, old, next, file);
  const where =
    config.masterKey === undefined ? file : `${newKeyFile}: set THREADLINE_MASTER_KEY to what it holds`;
  say(`the vault is wrapped by a new master key; it is in ${where}`, {
    rotated: config.folder,
    masterKey: where,
  });
}

async function rotateInCluster(config: Config, { newKeyFile, finish }: Rotation): Promise<void> {
  const vault = { url: clusterVault(config), masterKey: clusterMasterKey(config) };
  if (finish === (newKeyFile !== undefined)) {
    throw new UsageError('in a cluster rotate-master takes --new-key-file <file>, and later --finish');
  }
  if (newKeyFile === undefined) {
    await finishRotation(vault);
    say('the old master key opens the vault no more', { finished: true });
    return;
  }
  await beginRotation(vault, keyIn(resolve(newKeyFile)));
  say(
    `the vault is open to the master key in ${newKeyFile} as well: start every service again with it, then, with it, finish`,
    { masterKey: newKeyFile },
  );
}

/** The key that the file holds; one is made, durably, where there is no file. */
function keyIn(path: string): Uint8Array {
  if (existsSync(path)) {
    const key = parseMasterKey(readFileSync(path, 'utf8'));
    if (key === undefined)
      throw new FolderError(`${path} does not hold a master key (the base64 of 32 bytes)`);
    return key;
  }
  const key = randomBytes(32);
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, `${key.toString('base64')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return key;
}
