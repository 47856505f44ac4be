import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { PublishedPosition } from '@threadline/read-store/redis/published-position';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { needed } from '../support/needing.js';
import { sameAnswers } from '../support/redis-reads.js';
import { missingRedis, startRedis, type RedisServers, type RedisShape } from '../support/redis-servers.js';
import { openVault, redisVaultContract, someName } from '../support/redis-vaults.js';

const USER = ['--user', 'threadline', 'on', '>pa55word', '~*', '&*', '+@all'];

for (const shape of ['single', 'cluster'] satisfies RedisShape[])
  describe(`a Redis (${shape}) with TLS and a password`, needed(missingRedis()), () => {
    let certificates: Certificates;
    let others: Certificates;
    let servers: RedisServers;
    before(async () => {
      [certificates, others] = await Promise.all([makeCertificates(), makeCertificates()]);
      servers = await startRedis(shape, USER, certificates.folder);
    });
    after(async () => {
      await servers?.dispose();
      await Promise.all([certificates?.dispose(), others?.dispose()]);
    });
    const url = (password = 'pa55word', ca = certificates.ca): string =>
      `rediss://threadline:${password}@127.0.0.1:${servers.securePort}?tlsCAFile=${ca}`;
    const vaultOf = (address: string): ReturnType<typeof openVault> =>
      openVault({ url: address, masterKey: randomBytes(32), name: someName() });

    redisVaultContract('RedisVault', url);

    it('takes read models, which answer as the embedded ones do', () => sameAnswers(2, url()));

    it('lets nobody in with a wrong password', async () => {
      await assert.rejects(vaultOf(url('wrong')), { code: 'vault-settings', message: /WRONGPASS/ });
      await assert.rejects(PublishedPosition.open({ url: url('wrong') }), { code: 'read-store-settings' });
    });

    it('is not trusted where another authority has signed its certificate', async () => {
      const foreign = url(undefined, others.ca);
      await assert.rejects(vaultOf(foreign), { code: 'vault-settings', message: /trust.*certificate/ });
      const reads = PublishedPosition.open({ url: foreign });
      await assert.rejects(reads, { code: 'read-store-settings', message: /trust.*certificate/ });
    });
  });
