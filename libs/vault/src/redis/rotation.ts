import { MasterKeyError, VaultMissingError } from '../errors.js';
import { RedisVault, type RedisVaultOptions } from '../redis-vault.js';
import { checkMasterKey, unwrapKeys, wrapKeys } from '../vault-keys.js';
import { Names, openBegun, readBegun, type Begun } from './begun.js';
import { PATIENCE, RedisDriver } from './driver.js';
import { ADD_WRAP, SWITCH_WRAP } from './scripts.js';

/** The vault, and the master key in use. */
export type RotationOptions = Pick<RedisVaultOptions, 'url' | 'masterKey' | 'name' | 'patience'>;

/**
 * Wraps the keys of a vault on Redis by a second master key: from now on either opens it, so that one service after the
 * other can be given the new one. What was sealed stays as it is, and so do all ids. Asked again with another key, that
 * one takes the second place.
 * @throws MasterKeyError where the master key in use does not open the vault; VaultMissingError, VaultSettingsError,
 * VaultBusyError
 */
export async function beginRotation(options: RotationOptions, next: Uint8Array): Promise<void> {
  checkMasterKey(next);
  await withVault(options, async (driver, names, begun) => {
    const { keys, isNext } = openBegun(options.masterKey, begun);
    if (isNext) throw new MasterKeyError('this master key is the one to come: finish its rotation first');
    if (unwrapKeys(next, begun) !== undefined)
      throw new MasterKeyError('the new master key is the one in use');
    // Begun before by the same, and cut short or asked twice.
    if (begun.next !== undefined && unwrapKeys(next, begun.next) !== undefined) return;
    const { root, naming } = wrapKeys(next, keys);
    await driver.write(ADD_WRAP, [names.vault], () => [begun.id, Buffer.from(root), Buffer.from(naming)]);
  });
}

/**
 * Makes the second master key the only one, and has the files of the Redis written anew, which still hold the keys under
 * the first. `masterKey` is the new one: whoever ends a rotation has it. Nothing where it has ended before.
 * @throws MasterKeyError where it does not open the vault; VaultMissingError, VaultSettingsError, VaultBusyError
 */
export async function finishRotation(options: RotationOptions): Promise<void> {
  await withVault(options, async (driver, names, begun) => {
    const { isNext } = openBegun(options.masterKey, begun);
    const { next } = begun;
    if (!isNext && next !== undefined) {
      throw new MasterKeyError(
        'a rotation is under way: finish it with the new master key, which is not this one',
      );
    }
    if (next === undefined) return;
    const wraps = [Buffer.from(next.root), Buffer.from(next.naming)];
    await driver.write(SWITCH_WRAP, [names.vault], () => [begun.id, ...wraps]);
  });
  // To open it removes the traces, also those that an earlier try has left.
  const vault = await RedisVault.open(options);
  await vault.close();
}

async function withVault(
  { url, masterKey, name = 'threadline-vault', patience }: RotationOptions,
  run: (driver: RedisDriver, names: Names, begun: Begun) => Promise<void>,
): Promise<void> {
  checkMasterKey(masterKey);
  const names = new Names(name);
  const driver = await RedisDriver.connect(url, names.vault, { ...PATIENCE, ...patience });
  try {
    await driver.assertStrong();
    const begun = await readBegun(driver, names);
    if (begun === undefined) throw new VaultMissingError("there is no vault in the vault's Redis yet");
    await run(driver, names, begun);
  } finally {
    await driver.close();
  }
}
