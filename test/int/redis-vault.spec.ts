import { withRedis } from '../support/redis-servers.js';
import { redisVaultContract } from '../support/redis-vaults.js';

withRedis('a durable Redis', 'single', [], (servers) => {
  redisVaultContract('RedisVault', () => servers().url);
});

withRedis('a Redis with a replica', 'replicated', ['--min-replicas-to-write', '1'], (servers) => {
  redisVaultContract('RedisVault', () => servers().url);
});

withRedis('a Redis Cluster', 'cluster', [], (servers) => {
  redisVaultContract('RedisVault', () => servers().url);
});
