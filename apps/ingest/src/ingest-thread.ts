import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { Broker } from '@threadline/broker/broker';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import type { Append, AppendResult, Position } from '@threadline/event-store/event-store';
import type { LogLevel } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import type { ExitCode } from '@threadline/platform/exit-codes';
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
export interface IngestWorkerData extends Omit<IngestThreadOptions, 'followers'> {
  readonly port: MessagePort;
  readonly followers: readonly MessagePort[];
}

/** What the thread tells its owner. */
export type IngestWorkerMessage =
  | { readonly ready: true }
  | { readonly appended: Position }
  | { readonly failed: { readonly message: string; readonly code: string; readonly exitCode: ExitCode } };

/** The ingest thread, as its owner sees it. */
export interface IngestThread {
  /** Publishes requests (topic `interactions.inbound`) to the thread. */
  readonly broker: Broker & Pick<EmbeddedBroker, 'inFlight'>;
  /** Appends through the log's one writer: for decisions that are made elsewhere. */
  append(appends: readonly Append[]): Promise<AppendResult[]>;
  health(): Promise<IngestHealth>;
  /** Calls back after every append, with the position of its last event. */
  onAppended(listener: (position: Position) => void): void;
  /** Resolves with the exit code when the thread has ended; unless it was closed, the process must end with that code. */
  readonly ended: Promise<number>;
  /** Answers what is in flight, then ends the thread. */
  close(): Promise<void>;
}

/** A request of 8 MiB with the smallest events needs about 300 MB of old space for a moment. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 32 };

/** Starts the one writer of the log and the vault in a thread of its own; throws what kept it from opening them. */
export async function startIngest({
  followers = [],
  ...options
}: IngestThreadOptions): Promise<IngestThread> {
  const { port1, port2 } = new MessageChannel();
  const workerData: IngestWorkerData = { ...options, followers, port: port2 };
  const worker = new Worker(new URL('./ingest-worker.js', import.meta.url), {
    workerData,
    transferList: [port2, ...followers],
    name: 'ingest',
    resourceLimits: RESOURCE_LIMITS,
  });
  const listeners: ((position: Position) => void)[] = [];
  const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
  // A thread that dies of an error ends as well: its end is what is watched.
  worker.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: IngestWorkerMessage) => {
      if ('appended' in message) for (const listener of listeners) listener(message.appended);
      else if ('ready' in message) resolve();
      else reject(startError(message.failed));
    });
    worker.once('error', reject);
    void ended.then((code) => {
      reject(
        new ThreadlineError(`the ingest thread ended at its start (${code})`, {
          code: 'ingest-ended',
          retriable: false,
        }),
      );
    });
  });
  const broker = new EmbeddedBroker(port1);
  return {
    broker,
    append: (appends) => appendThrough(broker, appends),
    health: async () =>
      (await broker.publish([{ topic: HEALTH, headers: {}, body: new Uint8Array() }]))[0] as IngestHealth,
    onAppended: (listener) => void listeners.push(listener),
    ended,
    close: async () => {
      await broker.close();
      worker.postMessage('stop');
      await ended;
    },
  };
}

const startError = ({
  message,
  code,
  exitCode,
}: {
  message: string;
  code: string;
  exitCode: ExitCode;
}): ThreadlineError => new ThreadlineError(message, { code, exitCode, retriable: false });
