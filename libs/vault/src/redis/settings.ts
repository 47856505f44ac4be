/** What one Redis says of itself. */
export interface RedisSettings {
  /** `host:port`, for messages. */
  readonly where: string;
  /** Of `CONFIG GET`, by name. */
  readonly config: ReadonlyMap<string, string>;
  /** How many replicas follow it now. */
  readonly replicas: number;
}

/** What is asked of each Redis that a vault lies on. */
export const SETTINGS = [
  'appendonly',
  'appendfsync',
  'no-appendfsync-on-rewrite',
  'maxmemory-policy',
  'min-replicas-to-write',
  'save',
] as const;

/**
 * With these an answered write is on the disk. `no-appendfsync-on-rewrite yes` is no fsync at all while the file is
 * rewritten, whatever appendfsync says.
 */
const REQUIRED: readonly (readonly [setting: string, value: string])[] = [
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['no-appendfsync-on-rewrite', 'no'],
  ['maxmemory-policy', 'noeviction'],
];

/** How many replicas must have a write before it counts. */
export const replicasDemanded = ({ config }: RedisSettings): number =>
  Number(config.get('min-replicas-to-write') ?? 0);

/** Does it write snapshots, in which a key outlives its destruction? */
export const writesSnapshots = ({ config }: RedisSettings): boolean => (config.get('save') ?? '') !== '';

/** Everything that makes it too weak for a vault, ready to be read; empty where it is strong enough. */
export function weaknessesOf(settings: RedisSettings): string[] {
  const { config, replicas } = settings;
  const weak = REQUIRED.filter(([name, value]) => config.get(name) !== value).map(
    ([name, value]) => `${name} must be ${value}, and is ${config.get(name) ?? 'not told'}`,
  );
  // Replication waits for nobody: a replica that takes over would not have the last keys.
  if (replicas > 0 && replicasDemanded(settings) === 0) {
    weak.push(`min-replicas-to-write must be at least 1 where there are replicas (${replicas}), and is 0`);
  }
  return weak;
}
