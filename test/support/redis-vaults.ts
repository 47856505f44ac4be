import { randomBytes } from 'node:crypto';
import { vaultContract } from '@threadline/vault/vault-contract';
import { RedisVault, type RedisVaultOptions } from '@threadline/vault/redis-vault';

/** Opens a vault of its own on that Redis, begun where it is missing. */
export const openVault = (
  options: Omit<RedisVaultOptions, 'logIsEmpty'> & Partial<RedisVaultOptions>,
): Promise<RedisVault> => RedisVault.open({ logIsEmpty: () => Promise.resolve(true), ...options });

export const someName = (): string => `vault-${randomBytes(6).toString('hex')}`;

/** The contract of a vault on whatever Redis is there when the tests run. */
export function redisVaultContract(title: string, url: () => string): void {
  vaultContract(
    title,
    async (masterKey) => {
      const options = { url: url(), masterKey, name: someName() };
      let vault = await openVault(options);
      return {
        vault,
        reader: () => RedisVault.open({ ...options, readOnly: true }),
        reopened: async () => {
          await vault.close();
          return (vault = await RedisVault.open(options));
        },
        close: () => vault.close(),
      };
    },
    {
      together: (masterKey, count) => {
        const options = { url: url(), masterKey, name: someName() };
        return Promise.all(Array.from({ length: count }, () => openVault(options)));
      },
    },
  );
}
