import tseslint from 'typescript-eslint';
import { roomRule } from './infra/eslint-room-rule.mjs';

/**
 * The rooms and what each may use: the design's table, and nothing else. Specs and contract suites may use every
 * library, test/ and test tools besides.
 *
 * Where it says more than the design's table: `read-store`, `projector` and `api` use the vault, because read models
 * hold sealed parts that are opened when somebody reads them; the read store reads the log (`event-store`) to resolve
 * references, and speaks in the shapes of `projections`; `ingest` uses `channels`, because it normalises on its own
 * thread; the projector is told by the broker what to do; the api normalises the identifiers of its paths with the
 * code that ingest uses; the gateway follows the keys in the log (`event-store`) and reads the master key (`vault`), by
 * which it signs decisions on a broker that others publish to as well, and so does the api of a cluster. `ingest` never sees the read store, so that it can always be replayed. Only the hub is made of
 * other apps; its demo uses the command line's importers.
 */
const rooms = {
  'libs/domain': { pure: true, uses: [] },
  'libs/projections': { pure: true, uses: ['domain'] },
  'libs/contracts': { uses: ['domain'] },
  'libs/platform': { uses: ['contracts'] },
  'libs/channels': { uses: ['domain', 'contracts', 'platform'] },
  'libs/broker': { uses: ['domain', 'platform'] },
  'libs/event-store': { uses: ['domain', 'platform'] },
  'libs/vault': { uses: ['domain', 'platform'] },
  'libs/read-store': { uses: ['domain', 'platform', 'projections', 'event-store', 'vault'] },
  'apps/gateway': {
    uses: ['domain', 'contracts', 'platform', 'channels', 'broker', 'event-store', 'vault'],
  },
  'apps/ingest': { uses: ['domain', 'contracts', 'platform', 'channels', 'broker', 'event-store', 'vault'] },
  'apps/projector': {
    uses: ['domain', 'platform', 'broker', 'event-store', 'read-store', 'vault'],
  },
  'apps/api': {
    uses: [
      'domain',
      'contracts',
      'platform',
      'channels',
      'projections',
      'broker',
      'event-store',
      'read-store',
      'vault',
    ],
  },
  'apps/cli': {
    uses: [
      ...['domain', 'contracts', 'platform', 'channels', 'projections'],
      ...['broker', 'event-store', 'read-store', 'vault'],
    ],
  },
  'apps/hub': { uses: 'everything' },
  test: { uses: 'everything' },
};

/** A driver is imported in its adapter and nowhere else: the adapter's paths begin like this. */
const drivers = {
  'node:sqlite': [
    'libs/event-store/src/sqlite/',
    'libs/vault/src/',
    'libs/read-store/src/',
    'libs/platform/src/folder-lock.ts',
    'libs/channels/src/table/grouped-rows.ts',
  ],
  '@grpc/grpc-js': ['libs/event-store/src/grpc/', 'libs/event-store/src/kurrent/driver.ts'],
  '@eventstore/db-client': ['libs/event-store/src/kurrent/driver.ts'],
  kafkajs: ['libs/broker/src/kafka/driver.ts'],
  ioredis: ['libs/vault/src/redis/driver.ts', 'libs/read-store/src/redis/driver.ts'],
  '@peculiar/x509': ['libs/event-store/src/grpc/server-certificate.ts'],
};

const sources = ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'test/**/*.ts'];
const pureSources = Object.keys(rooms)
  .filter((room) => rooms[room].pure)
  .map((room) => `${room}/src/**/*.ts`);
const tests = ['**/*.spec.ts', '**/*-contract.ts'];

const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'process.env is read in libs/platform/src/config.ts only',
};
const noClock = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'A pure room has no clock: time comes in with the event',
  },
  { selector: "CallExpression[callee.name='Date']", message: 'A pure room has no clock' },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**'] },
  {
    files: sources,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    // No rule is switched off in a file: an exception is written down here, where it is seen.
    linterOptions: { noInlineConfig: true },
    plugins: { threadline: { rules: { rooms: roomRule } } },
    rules: {
      'threadline/rooms': ['error', { rooms, drivers }],
      'no-restricted-syntax': ['error', noEnvironment],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          // Node's test runner awaits what it declares.
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['describe', 'it', 'test', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
      // Leaving members out by destructuring is how a shape is narrowed.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      // A port is asynchronous even where an embedded adapter has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: pureSources,
    ignores: tests,
    rules: {
      'no-restricted-syntax': ['error', noEnvironment, ...noClock],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'A pure room has no clock' },
        { object: 'Math', property: 'random', message: 'A pure room has no randomness' },
        { property: 'localeCompare', message: "Depends on the machine's language; compare code units" },
      ],
      'no-restricted-globals': [
        'error',
        ...['process', 'crypto', 'performance', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'],
        ...['Buffer', 'globalThis', 'console'],
      ],
    },
  },
  {
    files: ['libs/platform/src/config.ts', 'test/**/*.ts', ...tests],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // A test reads answers as they come: JSON that nobody has checked yet.
    files: ['test/**/*.ts', ...tests],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // What talks to a person on a terminal.
    files: ['apps/cli/src/**/*.ts', 'apps/hub/src/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
