import { withAnyRedis, withRedis } from '../support/redis-servers.js';
import { redisVaultContract } from '../support/redis-vaults.js';

withAnyRedis('a durable Redis', (url) => {
  redisVaultContract('RedisVault', url);
});

withRedis('a Redis with a replica', 'replicated', ['--min-replicas-to-write', '1'], (servers) => {
  redisVaultContract('RedisVault', () => servers().url);
});

withRedis('a Redis Cluster', 'cluster', [], (servers) => {
  redisVaultContract('RedisVault', () => servers().url);
});
