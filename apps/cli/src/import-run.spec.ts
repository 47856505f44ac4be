import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { EVENT_LIMIT } from '@threadline/contracts/cloudevents';
import { HubClient, HubUnavailableError, KeyRefusedError, type Patience } from './hub-client.js';
import { runImport, type ImportSettings, type ImportSummary, type RefusedItem } from './import-run.js';

const QUICK: Patience = { first: 300, later: 3_000, pause: 5, longest: 20 };
const KEY = 'spec-key-0123456789-abcdefgh';

interface Sent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
}

/** Stands for a hub's writing side, with the faults that a network and a busy hub have. */
class StubHub {
  readonly known = new Map<string, string>();
  requests = 0;
  /** How each request is answered instead, by its number from 1. */
  faults = new Map<number, { status: number; headers?: Record<string, string> } | 'cut'>();
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void readAll(request).then((text) => {
        const fault = this.faults.get(++this.requests);
        if (fault === 'cut') request.socket.destroy();
        else if (fault !== undefined) response.writeHead(fault.status, fault.headers ?? {}).end('{}');
        else if (request.headers.authorization !== `Bearer ${KEY}`) response.writeHead(401).end('{}');
        else {
          const [status, body] = this.take(JSON.parse(text) as Sent[]);
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        }
      });
    });
  }

  private take(events: Sent[]): [number, object] {
    const rejected: object[] = [];
    let [accepted, duplicates] = [0, 0];
    // What no hub can read, whoever it came from.
    if (events.some(({ type }) => type === 'unreadable')) return [400, { title: 'not readable' }];
    events.forEach((event, index) => {
      const name = JSON.stringify([event.source, event.id]);
      const json = JSON.stringify(event);
      const before = this.known.get(name);
      if (event.type === 'bad')
        rejected.push({ index, id: event.id, problems: [{ path: '/type', message: 'is bad' }] });
      else if (before === undefined) {
        this.known.set(name, json);
        accepted++;
      } else if (before === json) duplicates++;
      else rejected.push({ index, id: event.id, code: 'conflict', problems: [] });
    });
    return [accepted + duplicates > 0 ? 202 : 400, { accepted, duplicates, rejected, position: '1' }];
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

describe('an import', () => {
  let folder = '';
  let hub: StubHub;
  let url = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-import-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    hub = new StubHub();
    url = await hub.listen();
  });

  afterEach(() => hub.close());

  const file = async (events: readonly object[]): Promise<ImportSettings> => {
    const path = join(folder, `${Math.random()}.ndjson`);
    await writeFile(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return { format: 'cloudevents', paths: [path], batch: 10 };
  };
  const event = (id: number, type = 'a.b'): object => ({
    specversion: '1.0',
    id: `${id}`,
    source: '/s',
    type,
  });
  const many = (count: number): object[] => Array.from({ length: count }, (_, id) => event(id));
  const told = ({ read, accepted, duplicates, refused }: ImportSummary): number[] => [
    read,
    accepted,
    duplicates,
    refused,
  ];
  const run = async (
    settings: ImportSettings,
    refused: RefusedItem[] = [],
    signal?: AbortSignal,
  ): Promise<number[]> => {
    const client = new HubClient(url, KEY, QUICK);
    try {
      return told(await runImport(settings, client, { refused: (item) => refused.push(item) }, signal));
    } finally {
      hub.faults.clear();
    }
  };

  it('counts what the hub says, and names what it refuses', async () => {
    const refused: RefusedItem[] = [];
    const changed = { ...event(1), data: { other: true } };
    const settings = await file([...many(25), event(0), changed, event(99, 'bad'), { no: 'event' }]);
    assert.deepEqual(await run(settings, refused), [29, 25, 1, 3]);
    const reasons = refused.map(({ item, reason }) => `${item.split(':').at(-1)} ${reason}`).sort();
    assert.match(reasons[0] ?? '', /^27 .*accepted before, with another content/);
    assert.match(reasons[1] ?? '', /^28 .*\/type is bad/);
    assert.match(reasons[2] ?? '', /^29 is not a CloudEvent/);
  });

  it('is the same twice: everything is known', async () => {
    const settings = await file(many(42));
    assert.deepEqual(await run(settings), [42, 42, 0, 0]);
    assert.deepEqual(await run(settings), [42, 0, 42, 0]);
  });

  it('tries again what a busy hub, a cut or a failure leaves open', async () => {
    hub.faults.set(1, { status: 503, headers: { 'retry-after': '0' } });
    hub.faults.set(2, { status: 429, headers: { 'retry-after': '0' } });
    hub.faults.set(4, 'cut');
    hub.faults.set(5, { status: 500 });
    assert.deepEqual(await run(await file(many(60))), [60, 60, 0, 0]);
    assert.equal(hub.known.size, 60);
  });

  it('finds the one for which a whole request is refused', async () => {
    const refused: RefusedItem[] = [];
    assert.deepEqual(await run(await file([...many(9), event(100, 'unreadable')]), refused), [10, 9, 0, 1]);
    assert.match(refused[0]?.reason ?? '', /not readable/);
  });

  it('sends what is no interaction whole where it is larger than another event may be', async () => {
    const refused: RefusedItem[] = [];
    const large = (id: number, type: string): object => ({
      ...event(id, type),
      pad: 'x'.repeat(EVENT_LIMIT),
    });
    const settings = await file([large(200, 'identity.unlinked'), large(201, 'a.b'), event(202)]);
    assert.deepEqual(await run(settings, refused), [3, 2, 0, 1]);
    assert.match(refused[0]?.reason ?? '', /more than the 1048576 that one event may have/);
  });

  it('stopped and run again is as if it had never been stopped', async () => {
    const settings = await file(many(500));
    const stop = new AbortController();
    const client = new HubClient(url, KEY, QUICK);
    const counted = (summary: Readonly<ImportSummary>): void => {
      if (summary.read >= 100) stop.abort();
    };
    const first = told(await runImport(settings, client, { counted }, stop.signal));
    assert.ok((first[0] ?? 0) < 500, 'it was stopped');
    assert.equal(first[1], hub.known.size, 'what it says it sent is what is there');
    const [read, accepted, duplicates] = await run(settings);
    assert.deepEqual([read, duplicates, (accepted ?? 0) + (first[1] ?? 0)], [500, first[1], 500]);
  });

  it('without a hub, or without its key, ends at once and says which', async () => {
    const settings = await file(many(1));
    await assert.rejects(
      runImport(settings, new HubClient(url, 'another-key-0123456789-abcd', QUICK)),
      KeyRefusedError,
    );
    hub.close();
    await assert.rejects(run(settings), HubUnavailableError);
  });
});
