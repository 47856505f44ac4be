import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Intake } from '@threadline/channels/intake';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { Message } from '@threadline/broker/broker';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { EventGroups } from './event-group.js';
import { IngestQueue } from './ingest-queue.js';
import type { IngestLog } from './interaction-states.js';

export const BATCH = 'application/cloudevents-batch+json';
export const SINGLE = 'application/cloudevents+json';
export const NOW = Date.UTC(2026, 2, 2, 10, 15);

export const MASTER_KEY = randomBytes(32);

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

export interface Bench {
  readonly store: SqliteEventStore;
  readonly vault: SqliteVault;
  readonly folder: string;
  readonly post: (body: Json, headers?: Record<string, string>) => Promise<EventsAnswer>;
  readonly log: () => RecordedEvent[];
  readonly close: () => Promise<void>;
}

export interface BenchOptions {
  readonly maxPages?: number;
  /** A log that stands before the real one. */
  readonly before?: (store: SqliteEventStore) => IngestLog;
  /** Every request meets an ingest that remembers nothing. */
  readonly restarted?: boolean;
}

/** Ingest on the real stores, without thread and broker. */
export async function bench({
  maxPages,
  before = (store) => store,
  restarted = false,
}: BenchOptions = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'threadline-ingest-'));
  folders.push(folder);
  const vault = await SqliteVault.open({ folder, masterKey: MASTER_KEY });
  const store = await SqliteEventStore.open({ folder, ...(maxPages !== undefined && { maxPages }) });
  const newQueue = (): IngestQueue =>
    new IngestQueue({
      groups: new EventGroups(before(store), vault),
      intake: new Intake({ hash: (...parts) => vault.hash(...parts), country: 'GB' }),
      clock: () => NOW,
      unforeseen: () => undefined,
    });
  let queue = newQueue();
  return {
    store,
    vault,
    folder,
    post: (body, headers = {}) => {
      const contentType = Array.isArray(body) ? BATCH : SINGLE;
      const message: Message = {
        topic: 'interactions.inbound',
        headers: { 'content-type': contentType, ...headers },
        body: Buffer.from(JSON.stringify(body)),
      };
      if (restarted) queue = newQueue();
      return queue.submit(message);
    },
    log: () => store.after(0, 100_000),
    close: async () => {
      await queue.idle();
      await store.close();
      await vault.close();
    },
  };
}

export const withBench =
  (test: (bench: Bench) => Promise<void>, options?: BenchOptions): (() => Promise<void>) =>
  async () => {
    const opened = await bench(options);
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };

export const event = (id: string, data: JsonObject = {}, envelope: JsonObject = {}): JsonObject => ({
  specversion: '1.0',
  id,
  source: '/s',
  type: 'chat.message',
  time: '2026-03-01T09:00:00Z',
  data: { identifiers: [{ kind: 'email', value: 'Ana@Example.org', name: 'Ana' }], ...data },
  ...envelope,
});

/** Status, accepted, duplicates, and the codes of what was rejected. */
export const brief = (answer: EventsAnswer): [number, number, number, ...string[]] => {
  const rejected = answer.status === 202 ? answer.taken.rejected : answer.rejected;
  const codes = rejected.map(({ index, code }) => `${index} ${code}`);
  return answer.status === 202
    ? [202, answer.taken.accepted, answer.taken.duplicates, ...codes]
    : [answer.status, 0, 0, ...codes];
};

export const positionOf = (answer: EventsAnswer): number => {
  assert.ok(answer.status === 202, JSON.stringify(answer));
  return Number(answer.taken.position);
};
