import type { MessagePort } from 'node:worker_threads';
import type { Broker } from '@threadline/broker/broker';
import type { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { startStation, type StationThread } from '@threadline/broker/station-thread';
import type { StationData } from '@threadline/broker/station-worker';
import type { Append, AppendResult, Position } from '@threadline/event-store/event-store';
import type { LogLevel } from '@threadline/platform/config';
import { appendThrough } from './append-message.js';
import { HEALTH, type IngestHealth } from './ingest-health.js';

export interface IngestThreadOptions {
  /** The data folder; the caller holds its lock. */
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** ISO 3166 alpha-2. */
  readonly country?: string;
  readonly logLevel?: LogLevel;
  /** Each is sent the position of the last event (a number) after every append: how other threads follow the log. */
  readonly followers?: readonly MessagePort[];
}

/** What the thread is started with. */
export interface IngestWorkerData extends Omit<IngestThreadOptions, 'followers'>, StationData {
  readonly followers: readonly MessagePort[];
}

/** The ingest thread, as its owner sees it. */
export interface IngestThread extends Pick<StationThread, 'ended' | 'close'> {
  /** Publishes requests (topic `interactions.inbound`) to the thread. */
  readonly broker: Broker & Pick<EmbeddedBroker, 'inFlight'>;
  /** Appends through the log's one writer: for decisions that are made elsewhere. */
  append(appends: readonly Append[]): Promise<AppendResult[]>;
  health(): Promise<IngestHealth>;
  /** Calls back after every append, with the position of its last event. */
  onAppended(listener: (position: Position) => void): void;
}

/** A request of 8 MiB with the smallest events needs about 300 MB of old space for a moment. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 32 };

/** Starts the one writer of the log and the vault in a thread of its own; throws what kept it from opening them. */
export async function startIngest({
  followers = [],
  ...options
}: IngestThreadOptions): Promise<IngestThread> {
  const { broker, onPosition, ended, close } = await startStation({
    name: 'ingest',
    worker: new URL('./ingest-worker.js', import.meta.url),
    data: { ...options, followers } satisfies Omit<IngestWorkerData, 'port'>,
    transfer: followers,
    resourceLimits: RESOURCE_LIMITS,
  });
  return {
    broker,
    append: (appends) => appendThrough(broker, appends),
    health: async () =>
      (await broker.publish([{ topic: HEALTH, headers: {}, body: new Uint8Array() }]))[0] as IngestHealth,
    onAppended: onPosition,
    ended,
    close,
  };
}
