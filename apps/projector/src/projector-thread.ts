import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import type { LogLevel } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import type { ExitCode } from '@threadline/platform/exit-codes';
import type { ModelFiles } from '@threadline/read-store/projector';
import type { Redriven } from './projection.js';
import { ADOPT, ADVANCED, REDRIVE } from './projector-topics.js';

export interface ProjectorThreadOptions {
  /** The data folder; the caller holds its lock, and its log and vault exist. */
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly logLevel?: LogLevel;
  /** Gets a message after every append: the other end is one of ingest's followers. */
  readonly follow: MessagePort;
}

/** What the thread is started with. */
export interface ProjectorWorkerData extends ProjectorThreadOptions {
  readonly port: MessagePort;
}

/** What the thread tells its owner. */
export type ProjectorWorkerMessage =
  | { readonly ready: true }
  /** Everything up to here can be read; also sent when other files went live. */
  | { readonly projected: number }
  | { readonly failed: { readonly message: string; readonly code: string; readonly exitCode: ExitCode } };

/** The projector thread, as its owner sees it. */
export interface ProjectorThread {
  /** Calls back whenever more can be read, or other files were made live. */
  onProjected(listener: (position: number) => void): void;
  /** Resolves when everything that is in the log now is in the read models. */
  advance(): Promise<void>;
  /** `undefined` where the interaction is not parked. */
  redrive(interaction: string): Promise<Redriven | undefined>;
  /** Makes a build of the read models (`rebuildModels`) live. */
  adopt(files: ModelFiles): Promise<void>;
  /** Resolves with the exit code when the thread has ended; unless it was closed, the process must end. */
  readonly ended: Promise<number>;
  close(): Promise<void>;
}

const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 };

/** Starts the one writer of the read models in a thread of its own; throws what kept it from opening them. */
export async function startProjector(options: ProjectorThreadOptions): Promise<ProjectorThread> {
  const { port1, port2 } = new MessageChannel();
  const workerData: ProjectorWorkerData = { ...options, port: port2 };
  const worker = new Worker(new URL('./projector-worker.js', import.meta.url), {
    workerData,
    transferList: [port2, options.follow],
    name: 'projector',
    resourceLimits: RESOURCE_LIMITS,
  });
  const listeners: ((position: number) => void)[] = [];
  const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
  worker.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: ProjectorWorkerMessage) => {
      if ('projected' in message) for (const listener of listeners) listener(message.projected);
      else if ('ready' in message) resolve();
      else reject(startError(message.failed));
    });
    worker.once('error', reject);
    void ended.then((code) => {
      const message = `the projector thread ended at its start (${code})`;
      reject(new ThreadlineError(message, { code: 'projector-ended', retriable: false }));
    });
  });
  const broker = new EmbeddedBroker(port1);
  const call = async (topic: string, body = ''): Promise<unknown> =>
    (await broker.publish([{ topic, headers: {}, body: new TextEncoder().encode(body) }]))[0];
  return {
    onProjected: (listener) => void listeners.push(listener),
    advance: async () => void (await call(ADVANCED)),
    redrive: async (interaction) => ((await call(REDRIVE, interaction)) as Redriven | null) ?? undefined,
    adopt: async (files) => void (await call(ADOPT, JSON.stringify(files))),
    ended,
    close: async () => {
      await broker.close();
      worker.postMessage('stop');
      await ended;
    },
  };
}

const startError = (failed: { message: string; code: string; exitCode: ExitCode }): ThreadlineError =>
  new ThreadlineError(failed.message, { code: failed.code, exitCode: failed.exitCode, retriable: false });
