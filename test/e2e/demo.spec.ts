import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HubApi } from '@threadline/hub/demo-api';
import { readDay, type SampleDay } from '@threadline/hub/demo-day';
import { deliver } from '@threadline/hub/demo-play';
import { everybody, readStory, type Marks, type Story } from '@threadline/hub/demo-story';
import { width } from '@threadline/hub/demo-terminal';
import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type { FoundCustomer, SearchPage } from '@threadline/read-store/customers/customer-reads';
import { hubEnvironment, startHub, type TestHub } from '../support/hub.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const FOLDER = join(ROOT, 'test', 'fixtures', 'sample-day');
/** Two hubs with one master key give the same ids. */
const MASTER_KEY = Buffer.alloc(32, 11).toString('base64');

/** A two-column table of the folder's README, by the heading of its first column. */
function readmeTable(heading: string): Map<string, number> {
  const lines = readFileSync(join(FOLDER, 'README.md'), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return new Map(
    lines.slice(start + 2, end).map((line) => {
      const [name = '', count = ''] = line.replaceAll('*', '').split('|').slice(1);
      return [name.trim(), Number(count)];
    }),
  );
}

interface Totals {
  accepted: number;
  duplicates: number;
}

/** Plays deliveries as given; answers what came of them and the last position. */
async function playAll(
  api: HubApi,
  day: SampleDay,
  deliveries: SampleDay['deliveries'],
): Promise<Totals & { position: string }> {
  const total = { accepted: 0, duplicates: 0, position: '0' };
  for (const delivery of deliveries) {
    const { accepted, duplicates, position } = await deliver(api, day, delivery);
    total.accepted += accepted;
    total.duplicates += duplicates;
    total.position = position;
  }
  return total;
}

/** Everything that a reader can see of everybody, without what tells when it arrived. */
async function view(api: HubApi, minPosition: string): Promise<[Card, object[]][]> {
  const customers = await everybody(api, minPosition);
  const seen = await Promise.all(
    customers.map(async ({ id }): Promise<[Card, object[]]> => {
      const card = await api.get<Card>(`/v1/customers/${id}`);
      const path = `/v1/customers/${id}/timeline`;
      const entries = await api.all<'entries', TimelineEntry>(path, 'entries', { limit: '200' });
      return [card, entries.map(({ position: _position, recordedAt: _recordedAt, ...rest }) => rest)];
    }),
  );
  return seen.sort(([a], [b]) => (a.id < b.id ? -1 : 1));
}

describe('the sample day', () => {
  let hub: TestHub;
  let api: HubApi;
  let day: SampleDay;
  let story: Story;
  const total: Totals = { accepted: 0, duplicates: 0 };
  const marks: Record<keyof Marks, string> = { evening: '0', tablet: '0', end: '0' };

  before(async () => {
    day = await readDay(FOLDER);
    hub = await startHub({ env: { THREADLINE_MASTER_KEY: MASTER_KEY } });
    api = new HubApi(hub.url, hub.key);
    let evening: FoundCustomer[] | undefined;
    for (const delivery of day.deliveries) {
      if (delivery.at >= day.evening) evening ??= await everybody(api, (marks.evening = marks.end));
      const { accepted, duplicates, position } = await deliver(api, day, delivery);
      total.accepted += accepted;
      total.duplicates += duplicates;
      marks.end = position;
      if (delivery.at <= day.heroine.tablet) marks.tablet = position;
    }
    story = await readStory(api, day, marks, evening ?? []);
  });
  after(() => hub.stop());

  it('counts what its README says', async () => {
    const told = readmeTable('channel');
    assert.equal(total.accepted, told.get('events'));
    assert.equal(total.duplicates, told.get('sent twice'));
    assert.equal(total.accepted + total.duplicates, told.get('read'));
    const twice = [...readmeTable('sent twice').values()].reduce((sum, count) => sum + count, 0);
    assert.equal(total.duplicates, twice);

    const log = await (await hub.fetch('/v1/events?format=ndjson')).text();
    const counted = new Map<string, number>();
    for (const line of log.trim().split('\n')) {
      const { type, data } = JSON.parse(line);
      const word = String(type).split('.')[0] ?? '';
      const usual = { call: 'phone', visit: 'store', purchase: 'store' }[word] ?? word;
      const channel = data.channel ?? usual;
      counted.set(channel, (counted.get(channel) ?? 0) + 1);
    }
    for (const name of ['events', 'sent twice', 'read']) told.delete(name);
    assert.deepEqual(Object.fromEntries(counted), Object.fromEntries(told));
  });

  it('puts every event that names somebody on one timeline', async () => {
    const cards = (await view(api, marks.end)).map(([card]) => card);
    const onTimelines = cards.flatMap(({ counts }) => Object.values(counts)).reduce((sum, n) => sum + n, 0);
    assert.equal(onTimelines, total.accepted - 14);
    const kiosk = await api.get<Card>('/v1/customers/by/device/kiosk-saint-honore-1');
    assert.deepEqual(kiosk.counts, {});
  });

  it("has on Ana's card what the story says, at the tablet and at closing time", () => {
    const golden = JSON.parse(readFileSync(join(FOLDER, 'ana.cards.json'), 'utf8'));
    const stable = ({ id: _id, ids: _ids, ...rest }: Card): object => rest;
    assert.deepEqual(stable(story.tablet), golden.tablet);
    assert.deepEqual(stable(story.card), golden.closing);
  });

  it('finds Chinese words of two characters', async () => {
    for (const [word, name] of [
      ['海棠', '陈雨岚'],
      ['退税', '林晓雯'],
      ['雾蓝', '周明'],
    ] as const) {
      const { customers } = await api.get<SearchPage>('/v1/customers', { q: word, minPosition: marks.end });
      assert.deepEqual(
        customers.map((customer) => customer.name),
        [name],
        word,
      );
    }
  });

  it('sees in the evening who is one person', () => {
    assert.equal(story.customersBefore, 45);
    assert.equal(story.customersAfter, 33);
    assert.deepEqual(
      story.reunions.map(({ name, were }) => [name, were.length]),
      [
        ['Ana Ruiz', 4],
        ['陈雨岚', 4],
        ['Inès Belkacem', 3],
        ['Tom Whitfield', 3],
        ['周明', 3],
        ['user:u-60918', 2],
        ['王思远', 2],
      ],
    );
    const [ana] = story.reunions;
    assert.deepEqual(
      ana?.by.map(({ at, channel }) => [at, channel]),
      [['2026-03-02T17:41:12.000Z', 'chat']],
    );
  });

  it('knows the goldfish, and whom to forgive', () => {
    assert.deepEqual(
      story.goldfish.map(({ slot, couldKnow }) => [slot, couldKnow]),
      [
        ['size.shoe', false],
        ['drink', true],
      ],
    );
  });

  it('changes nothing when it is played twice', async () => {
    const first = await view(api, marks.end);
    const again = await playAll(api, day, day.deliveries);
    assert.deepEqual([again.accepted, again.duplicates], [0, total.accepted + total.duplicates]);
    assert.deepEqual(await view(api, again.position), first);
  });

  it('gives the same customers, cards and timelines in another order', async () => {
    const other = await startHub({ env: { THREADLINE_MASTER_KEY: MASTER_KEY } });
    try {
      const otherApi = new HubApi(other.url, other.key);
      const backwards = day.deliveries
        .map((delivery) => ({ ...delivery, files: delivery.files.toReversed() }))
        .toReversed();
      const { accepted, position } = await playAll(otherApi, day, backwards);
      assert.equal(accepted, total.accepted);
      assert.deepEqual(await view(otherApi, position), await view(api, marks.end));
    } finally {
      await other.stop();
    }
  });
});

describe('npm run demo', () => {
  const demo = join(ROOT, 'apps', 'hub', 'dist', 'demo.js');

  async function run(
    env: Record<string, string | undefined>,
    args: readonly string[] = ['--once'],
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, ['--enable-source-maps', demo, ...args], {
      env: hubEnvironment('', { THREADLINE_BOOTSTRAP_KEY: undefined, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    await once(child, 'close');
    return { code: child.exitCode, out, err };
  }

  it('prints card, timeline, evening and goldfish in 100 columns, and leaves no folder behind', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'threadline-demo-spec-'));
    try {
      const { code, out, err } = await run({ TMPDIR: temporary });
      assert.equal(err, '');
      assert.equal(code, 0);
      for (const words of [
        'Ana Ruiz  ● in regent-street now',
        'prefers to browse alone',
        'New zip in the Aubier coat',
        'Rivoli ankle boots, Midnight silk scarf',
        '45 customers were known when the evening began, 33 are when it ends',
        'A goldfish: it stood on the card of the very customer who was asked.',
      ]) {
        assert.ok(out.replace(/\s+/g, ' ').includes(words.replace(/\s+/g, ' ')), words);
      }
      assert.deepEqual(
        out.split('\n').filter((line) => width(line) > 100),
        [],
      );
      assert.ok(!out.includes('\u001b'), 'no colours into a pipe');
      assert.deepEqual(await readdir(temporary), []);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });

  it('keeps a folder that it was given, and may be played in it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'threadline-demo-spec-'));
    try {
      assert.equal((await run({ THREADLINE_DATA: folder })).code, 0);
      const { code, out } = await run({ THREADLINE_DATA: folder });
      assert.equal(code, 0);
      assert.match(out, /The folder had this day already/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says what is wrong and ends with a code', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const port = String((server.address() as AddressInfo).port);
      const taken = await run({ THREADLINE_PORT: port });
      assert.equal(taken.code, 1);
      assert.match(taken.err, new RegExp(`port ${port} .* is taken`));
    } finally {
      server.close();
    }
    const bad = await run({ THREADLINE_PORT: 'eighty' });
    assert.equal(bad.code, 78);
    assert.match(bad.err, /THREADLINE_PORT must be/);
    const unknown = await run({}, ['--twice']);
    assert.equal(unknown.code, 64);
    assert.match(unknown.err, /unknown argument: --twice/);
  });

  it('leaves the hub running with a key that works, until it is told to stop', async () => {
    const child = spawn(process.execPath, [demo], {
      env: hubEnvironment('', { THREADLINE_BOOTSTRAP_KEY: undefined }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the demo has ended:\n${out}`)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (out.includes('Ctrl-C stops it.')) resolve();
      });
    });
    const url = /^ {2}address {2}(\S+)/m.exec(out)?.[1] ?? '';
    const key = /^ {2}key {6}(\S+)$/m.exec(out)?.[1] ?? '';
    const card = await new HubApi(url, key).get<Card>('/v1/customers/by/loyalty/ML-204817');
    assert.equal(card.name, 'Ana Ruiz');
    child.removeAllListeners('exit');
    child.kill('SIGINT');
    await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });
});
