import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '@threadline/broker/broker';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic } from '@threadline/broker/kafka/topics';
import { openApiDocument } from '@threadline/contracts/openapi';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { hashKey, newKey } from '@threadline/platform/auth';
import { createLogger } from '@threadline/platform/logger';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { threadline, type Ended } from '../support/command.js';
import { checkerOf, undocumented } from '../support/documents.js';
import { TEST_KEY } from '../support/hub.js';
import { needed } from '../support/needing.js';
import { startService, type ServiceProcess } from '../support/service-process.js';

const INBOUND = 'interactions.inbound';
const DEAD = 'interactions.dead';
const SINGLE = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

/** Milliseconds until something must have happened. */
const PATIENCE = 20_000;

const event = (more: JsonObject = {}): JsonObject & { id: string } => ({
  specversion: '1.0',
  id: randomUUID(),
  source: '/shop',
  type: 'chat.message',
  data: { identifiers: [{ kind: 'email', value: 'ana@example.org' }], content: { text: 'Hello' } },
  ...more,
});

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(20)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

const openApi = openApiDocument('0.0.0');
const check = checkerOf(openApi);

/** The documents tell what is answered, every member of it. */
function fits(schema: string, answer: JsonObject): void {
  check(schema, answer);
  assert.deepEqual(undocumented({ $ref: `#/components/schemas/${schema}` }, answer, openApi), []);
}

describe('the road of a cluster, from HTTP and Kafka to the log', needed(missingForCluster()), () => {
  let cluster: Cluster;
  let gateway: ServiceProcess;
  let ingest: ServiceProcess;
  let outside: KafkaBroker;
  let folder: string;
  const dead: Message[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-cluster-'));
    cluster = await startCluster();
    [gateway, ingest] = await Promise.all([cluster.start('gateway'), cluster.start('ingest')]);
    outside = await KafkaBroker.open({
      brokers: cluster.kafka.brokers,
      clientId: 'some-program',
      group: 'some-program',
      dead: DEAD,
      topics: [inboundTopic(INBOUND), deadTopic(DEAD)],
      log: createLogger({ level: 'silent' }),
      lost: () => undefined,
    });
    await outside.follow(DEAD, (message) => dead.push(message));
  });
  after(async () => {
    await outside?.close();
    await cluster?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const post = async (
    body: unknown,
    { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; answer: JsonObject }> => {
    const type = Array.isArray(body) ? BATCH : SINGLE;
    const response = await gateway.fetch(`/v1/events${query}`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as JsonObject };
  };

  const inLog = async (count: number, since: number): Promise<void> => {
    await until('the log', async () => ((await cluster.log()).length >= since + count ? true : undefined));
  };

  const deadLetter = (id: string): Promise<Message> =>
    until('a dead letter', () =>
      dead.find(({ body, headers }) => Buffer.from(body).includes(id) || headers['ce_id'] === id),
    );

  it('answers when the broker has the events: without a position, a repeat counted as accepted', async () => {
    const since = (await cluster.log()).length;
    const one = event();
    for (let time = 0; time < 2; time++) {
      const { status, answer } = await post(one);
      assert.deepEqual([status, answer], [202, { accepted: 1, duplicates: 0, rejected: [], position: null }]);
    }
    const bad = event({ type: 'purchase.completed' });
    const mixed = await post([event(), bad, event()]);
    assert.equal(mixed.status, 202);
    assert.equal(mixed.answer['accepted'], 2);
    const [rejected] = mixed.answer['rejected'] as JsonObject[];
    assert.deepEqual([rejected?.['index'], rejected?.['id'], rejected?.['code']], [1, bad.id, 'invalid']);
    const { status } = await post(bad);
    assert.equal(status, 400);
    await inLog(3, since);
    assert.equal((await cluster.log()).length, since + 3, 'nothing is doubled');
  });

  it('waits for the log where it is asked to, and then answers as a hub does', async () => {
    const one = event();
    const first = await post(one, { query: '?wait=log' });
    assert.equal(first.status, 202);
    const { accepted, duplicates, position } = first.answer;
    assert.deepEqual([accepted, duplicates], [1, 0]);
    const [found] = (await cluster.log()).slice(-1);
    assert.equal(String(found?.position), position);
    const again = await post([one, event()], { query: '?wait=log' });
    assert.deepEqual(
      [
        again.answer['accepted'],
        again.answer['duplicates'],
        Number(again.answer['position']) > Number(position),
      ],
      [1, 1, true],
    );
    const other = await post(
      { ...one, data: { content: { text: 'Something else' } } },
      { query: '?wait=log' },
    );
    assert.deepEqual([other.status, other.answer['code']], [409, 'conflict']);
    await deadLetter('Something else');
  });

  it('keeps what a conflict was about, with its reason, among the dead letters', async () => {
    const one = event();
    await post(one, { query: '?wait=log' });
    const other = { ...one, data: { content: { text: `other ${randomUUID()}` } } };
    assert.equal((await post(other)).status, 202);
    const letter = await deadLetter(String(other.data.content.text));
    assert.equal(letter.headers['dead-reason'], 'conflict');
    assert.deepEqual(JSON.parse(Buffer.from(letter.body).toString()), other);
  });

  it('takes events that other programs put on the topic, structured and binary, checked as over HTTP', async () => {
    const since = (await cluster.log()).length;
    const structured = event();
    const binary = event({ subject: 'Ünïcode 100%' });
    const { data, ...attributes } = binary;
    const ce = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value as string]),
    );
    await outside.publish([
      { topic: INBOUND, headers: { 'content-type': SINGLE }, body: Buffer.from(JSON.stringify(structured)) },
      {
        topic: INBOUND,
        key: 'theirs',
        headers: { ...ce, 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(data)),
      },
    ]);
    await inLog(2, since);
    // Over HTTP the same events are known already.
    const again = await post([structured, binary], { query: '?wait=log' });
    assert.deepEqual([again.answer['accepted'], again.answer['duplicates']], [0, 2]);
  });

  it('puts what is refused from other programs aside: bytes, headers and each problem', async () => {
    const bad = event({ type: 'purchase.completed' });
    const body = Buffer.from(JSON.stringify(bad));
    const headers = { 'content-type': SINGLE, theirs: 'kept' };
    await outside.publish([{ topic: INBOUND, key: 'k', headers, body: Buffer.from(body) }]);
    const letter = await deadLetter(bad.id);
    assert.deepEqual([letter.key, Buffer.from(letter.body)], ['k', body]);
    assert.deepEqual([letter.headers['theirs'], letter.headers['dead-reason']], ['kept', 'invalid']);
    assert.match(letter.headers['dead-from'] ?? '', /^interactions\.inbound\/\d+\/\d+$/);
    assert.match(letter.headers['dead-problems'] ?? '', /"path":"\/data/);
    const batch = [event()];
    const [only] = batch;
    await outside.publish([
      { topic: INBOUND, headers: { 'content-type': BATCH }, body: Buffer.from(JSON.stringify(batch)) },
    ]);
    assert.equal((await deadLetter(only?.id ?? '')).headers['dead-reason'], 'unknown-content-type');
  });

  it('believes nobody on the topic who says that he may decide on identity', async () => {
    const parties = [
      { kind: 'email', value: 'a@example.org' },
      { kind: 'email', value: 'b@example.org' },
    ];
    const decision = event({ type: 'identity.linked', data: { parties, by: { key: 'k' } } });
    const body = Buffer.from(JSON.stringify(decision));
    for (const said of ['true', 'f'.repeat(64)]) {
      const headers = { 'content-type': SINGLE, decides: 'true', 'threadline-decides': said };
      await outside.publish([{ topic: INBOUND, headers, body: Buffer.from(body) }]);
    }
    await deadLetter(decision.id);
    const { status, answer } = await post(decision, { query: '?wait=log' });
    assert.deepEqual([status, answer['accepted']], [202, 1], JSON.stringify(answer));
  });

  it('lists dead letters, sends them again as they came or mended, and drops them', async () => {
    const admin = async (path: string, init?: RequestInit): Promise<[number, JsonObject]> => {
      const response = await gateway.fetch(`/v1/dead${path}`, init);
      return [response.status, (await response.json()) as JsonObject];
    };
    const command = (words: readonly string[]): Promise<Ended> =>
      threadline(words, folder, { THREADLINE_URL: gateway.url, THREADLINE_KEY: TEST_KEY });
    const listed = async (id: string): Promise<JsonObject | undefined> => {
      const [status, { letters }] = await admin('?limit=1000');
      assert.equal(status, 200);
      return (letters as JsonObject[]).find(
        (letter) => (letter['event'] as JsonObject | null)?.['id'] === id,
      );
    };
    const bad = event({ type: 'purchase.completed' });
    await outside.publish([
      { topic: INBOUND, headers: { 'content-type': SINGLE }, body: Buffer.from(JSON.stringify(bad)) },
    ]);
    await deadLetter(bad.id);
    const letter = await listed(bad.id);
    assert.deepEqual([letter?.['reason'], letter?.['event']], ['invalid', bad]);
    const id = letter?.['id'] as string;
    fits('DeadLetterPage', (await admin(''))[1]);
    fits('DeadLetter', (await admin(`/${id}`))[1]);

    // As it came, it comes back: with another id.
    const sent = await admin(`/${id}/redrive`, { method: 'POST' });
    assert.equal(sent[0], 202);
    fits('DeadLetterSent', sent[1]);
    assert.equal((await admin(`/${id}`))[0], 404);
    const back = await until('the same letter again', () => listed(bad.id));
    assert.notEqual(back['id'], id);

    const path = `/${back['id'] as string}`;
    const wrong = await admin(`${path}/redrive`, { method: 'POST', body: JSON.stringify(bad) });
    assert.deepEqual([wrong[0], wrong[1]['code']], [400, 'rejected']);
    assert.ok(await listed(bad.id), 'it is still there');
    const since = (await cluster.log()).length;
    const mended = { ...bad, type: 'chat.message' };
    const file = join(folder, 'mended.json');
    await writeFile(file, JSON.stringify(mended));
    const { code, err } = await command(['dead', 'redrive', back['id'] as string, '--file', file]);
    assert.equal(code, 0, err);
    await inLog(1, since);
    assert.equal(await listed(bad.id), undefined);

    const other = event({ type: 'nodot' });
    await outside.publish([
      { topic: INBOUND, headers: { 'content-type': SINGLE }, body: Buffer.from(JSON.stringify(other)) },
    ]);
    await deadLetter(other.id);
    const lines = (await command(['dead', 'list'])).lines();
    const line = lines.find((one) => (one['event'] as JsonObject | null)?.['id'] === other.id);
    const dropped = await command(['dead', 'drop', String(line?.['id'])]);
    assert.equal(dropped.code, 0, dropped.err);
    assert.equal(await listed(other.id), undefined);
  });

  it('keeps what comes while the log cannot be written, and puts nothing of it aside', async () => {
    const since = (await cluster.log()).length;
    const letters = dead.length;
    await cluster.store.end('SIGKILL');
    const events = Array.from({ length: 20 }, () => event());
    const { status, answer } = await post(events);
    assert.deepEqual([status, answer['accepted']], [202, 20]);
    await until('the lag', async () => {
      const page = await (await ingest.fetch('/metrics')).text();
      return /^threadline_ingest_lag_events 20$/m.test(page) ? true : undefined;
    });
    await cluster.store.start();
    await inLog(20, since);
    assert.deepEqual([(await cluster.log()).length, dead.length], [since + 20, letters]);
  });

  it('lets a key in as soon as the log tells of it, and no longer than that', async () => {
    const key = newKey();
    const id = randomBytes(16).toString('hex');
    const tell = (type: string, data: JsonObject): Promise<unknown> =>
      cluster.append([
        {
          stream: `key-${id}`,
          expected: 'any',
          events: [{ id: randomUUID(), type, data: Buffer.from(JSON.stringify({ id, ...data })) }],
        },
      ]);
    const status = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': SINGLE };
      const response = await gateway.fetch('/v1/events', {
        method: 'POST',
        headers,
        body: JSON.stringify(event()),
      });
      await response.arrayBuffer();
      return response.status;
    };
    const answers = (wanted: number): Promise<true> =>
      until(`the answer ${wanted}`, async () => ((await status()) === wanted ? true : undefined));
    assert.equal(await status(), 401);
    await tell('key.created', { hash: hashKey(key), scopes: ['write'] });
    await answers(202);
    const admin = await gateway.fetch('/v1/dead', { headers: { authorization: `Bearer ${key}` } });
    assert.equal(admin.status, 403);
    await tell('key.revoked', {});
    await answers(401);
  });

  it('shows its lag and its dead letters', async () => {
    const page = await (await ingest.fetch('/metrics')).text();
    assert.match(page, /threadline_ingest_lag_events \d+/);
    assert.match(page, /threadline_ingest_dead_letters_written [1-9]/);
    assert.equal((await gateway.fetch('/health/live')).status, 200);
  });

  it('answers 503 where Kafka is away, and takes the same again', async () => {
    const since = (await cluster.log()).length;
    cluster.kafka.kill(0);
    const one = event();
    const [posted, listed] = await Promise.all([
      gateway.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': SINGLE },
        body: JSON.stringify(one),
      }),
      gateway.fetch('/v1/dead'),
    ]);
    for (const response of [posted, listed]) {
      assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
      const problem = (await response.json()) as JsonObject;
      fits('Problem', problem);
      assert.equal(problem['code'], 'broker-unavailable');
    }
    await cluster.kafka.start(0);
    await until('Kafka', async () => ((await post(one)).status === 202 ? true : undefined));
    await post(one, { query: '?wait=log' });
    await inLog(1, since);
    assert.equal((await cluster.log()).length, since + 1);
  });

  it('stops gracefully, and names every variable that it lacks', async () => {
    assert.equal(await ingest.end('SIGTERM'), 0);
    assert.equal(await gateway.end('SIGTERM'), 0);
    for (const [name, lacks] of [
      ['gateway', /\(78\)[^]*THREADLINE_KAFKA[^]*THREADLINE_EVENTSTORE[^]*THREADLINE_MASTER_KEY/],
      ['ingest', /\(78\)[^]*THREADLINE_KAFKA[^]*THREADLINE_EVENTSTORE[^]*THREADLINE_VAULT/],
    ] as const)
      await assert.rejects(startService(name, { env: {} }), lacks);
  });
});
