// Lint holds the rooms apart, and does so through Nx: forbidden lines are planted in a small workspace that has the
// real configuration and the real table of rooms.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

interface Planted {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  /** A part of the message; absent: lint has nothing to say. */
  readonly says?: string;
}

const PLANTED: readonly Planted[] = [
  {
    what: 'a pure room that imports an npm package',
    file: 'libs/domain/src/planted-package.ts',
    text: "export { Injectable } from '@nestjs/common';",
    says: "libs/domain is pure: it imports no npm package ('@nestjs/common')",
  },
  {
    what: 'a pure room that imports a built-in module, late',
    file: 'libs/projections/src/planted-builtin.ts',
    text: "export const later = () => import('node:crypto');",
    says: "libs/projections is pure: it imports no built-in module ('node:crypto')",
  },
  {
    what: 'a pure room that reads the clock',
    file: 'libs/projections/src/planted-clock.ts',
    text: 'export const now = () => new Date().getTime();',
    says: 'A pure room has no clock',
  },
  {
    what: 'a pure room that throws dice',
    file: 'libs/domain/src/planted-dice.ts',
    text: 'export const dice = () => Math.random();',
    says: 'A pure room has no randomness',
  },
  {
    what: 'ingest that reads the read store',
    file: 'apps/ingest/src/planted-read-store.ts',
    text: "export type { CustomerReads } from '@threadline/read-store/customers/customer-reads';",
    says: 'apps/ingest may not use read-store',
  },
  {
    what: 'a spec of an app that imports another app',
    file: 'apps/ingest/src/planted.spec.ts',
    text: "export type { Hub } from '@threadline/hub/main';",
    says: 'apps/ingest may not use hub',
  },
  {
    what: 'an app that imports another app',
    file: 'apps/api/src/planted-gateway.ts',
    text: "import '@threadline/gateway/main';",
    says: 'apps/api may not use gateway',
  },
  {
    what: 'the command line that imports an app',
    file: 'apps/cli/src/planted-hub.ts',
    text: "import '@threadline/hub/main';",
    says: 'apps/cli may not use hub',
  },
  {
    what: 'a relative import across rooms',
    file: 'apps/api/src/planted-relative.ts',
    text: "export * from '../../../libs/domain/src/ids.js';",
    says: 'leaves the room apps/api',
  },
  {
    what: 'a worker file of another room',
    file: 'apps/api/src/planted-worker.ts',
    text: "export const worker = new URL('../../ingest/dist/worker.js', import.meta.url);",
    says: 'leaves the room apps/api',
  },
  {
    what: 'a barrel',
    file: 'apps/api/src/planted-barrel.ts',
    text: "import '@threadline/domain';",
    says: 'there are no barrels',
  },
  {
    what: 'a driver outside its adapter',
    file: 'apps/api/src/planted-driver.ts',
    text: "export { DatabaseSync } from 'node:sqlite';",
    says: "the driver 'node:sqlite' is only imported in",
  },
  {
    what: 'the environment read outside the configuration',
    file: 'apps/api/src/planted-environment.ts',
    text: "export const port = () => process.env['PORT'];",
    says: 'process.env is read in libs/platform/src/config.ts only',
  },
  {
    what: 'a rule switched off in a file',
    file: 'apps/api/src/planted-exception.ts',
    text: "// eslint-disable-next-line threadline/rooms\nimport '@threadline/gateway/main';",
    says: 'apps/api may not use gateway',
  },
  {
    what: 'what the table allows',
    file: 'apps/gateway/src/allowed.ts',
    text: "export * from '@threadline/domain/ids';\nexport { Injectable } from '@nestjs/common';",
  },
  {
    what: 'the hub, which is made of the other apps',
    file: 'apps/hub/src/allowed.ts',
    text: "import '@threadline/gateway/main';\nimport '@threadline/cli/main';",
  },
];

const roomOf = (file: string) => file.split('/').slice(0, 2).join('/');

describe('the boundaries of the rooms', () => {
  let folder: string;
  const lint = (rooms: readonly string[]) => {
    const projects = rooms.map((room) => `@threadline/${room.split('/')[1]}`).join();
    return spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/nx/dist/bin/nx.js'),
        'run-many',
        '-t',
        'lint',
        '-p',
        projects,
        '--outputStyle=static',
      ],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0', NX_SKIP_NX_CACHE: 'true' } },
    );
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'threadline-rooms-'));
    for (const file of ['nx.json', 'package.json', 'package-lock.json', 'eslint.config.js', 'tsconfig.json'])
      cpSync(join(root, file), join(folder, file));
    cpSync(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
    mkdirSync(join(folder, 'infra'));
    cpSync(join(root, 'infra/eslint-room-rule.mjs'), join(folder, 'infra/eslint-room-rule.mjs'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const { file, text } of PLANTED) {
      const room = roomOf(file);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(root, room, 'package.json'), join(folder, room, 'package.json'));
      writeFileSync(join(folder, file), `${text}\n`);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const refused = PLANTED.filter(({ says }) => says !== undefined);
  let told: string;
  before(() => {
    const run = lint([...new Set(refused.map(({ file }) => roomOf(file)))]);
    told = run.stdout + run.stderr;
    assert.notEqual(run.status, 0, told);
  });

  for (const { what, file, says } of refused) {
    it(`lint through Nx refuses ${what}`, () => {
      const part = told.split(file)[1]?.split('.ts\n')[0] ?? '';
      assert.ok(part.includes(says ?? ''), `${file}: ${part || told}`);
    });
  }

  it('lint through Nx lets pass what the table allows', () => {
    const run = lint(PLANTED.filter(({ says }) => says === undefined).map(({ file }) => roomOf(file)));
    assert.equal(run.status, 0, run.stdout + run.stderr);
  });

  it('has every room of the workspace linted', () => {
    const rooms = ['libs', 'apps'].flatMap((group) =>
      readdirSync(join(root, group)).map((name) => `${group}/${name}`),
    );
    for (const room of [...rooms, 'test']) {
      const { nx } = JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8'));
      assert.ok(nx?.targets?.lint, `${room}/package.json has no lint target`);
    }
  });
});
