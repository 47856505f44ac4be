import { mkdirSync } from 'node:fs';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { LogCopy } from '@threadline/event-store/log-copy';
import { acquireFolder } from '@threadline/platform/folder-lock';
import type { ServiceStart } from '@threadline/platform/run-service';
import { loadMasterKey } from '@threadline/vault/master-key';
import { RedisVault } from '@threadline/vault/redis-vault';

/** What a service of a cluster stands on that follows the log in a folder of its own. */
export interface FollowedStores {
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly store: KurrentEventStore;
  /** To read only. */
  readonly vault: RedisVault;
  /** Of the log, in the folder; it is not followed yet. */
  readonly copy: LogCopy;
}

/** Takes the folder for this process, and opens them; `started` is told of each. Throws what they throw. */
export async function openFollowedStores({
  config,
  started,
}: Pick<ServiceStart, 'config' | 'started'>): Promise<FollowedStores> {
  const { folder, eventStore = '', vault: url = '' } = config;
  mkdirSync(folder, { recursive: true });
  const lock = await acquireFolder(folder);
  started('folder', () => lock.release());
  const masterKey = loadMasterKey(config);
  const store = await KurrentEventStore.open({ connectionString: eventStore });
  started('event store', () => store.close());
  const vault = await RedisVault.open({ url, masterKey, readOnly: true });
  started('vault', () => vault.close());
  const copy = LogCopy.open({ folder });
  started('log copy', () => copy.close());
  return { masterKey, store, vault, copy };
}
