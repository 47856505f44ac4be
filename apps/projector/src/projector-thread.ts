import type { MessagePort } from 'node:worker_threads';
import { startStation, type StationThread } from '@threadline/broker/station-thread';
import type { StationData } from '@threadline/broker/station-worker';
import type { LogLevel } from '@threadline/platform/config';
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
export type ProjectorWorkerData = ProjectorThreadOptions & StationData;

/** The projector thread, as its owner sees it. */
export interface ProjectorThread extends Pick<StationThread, 'ended' | 'close'> {
  /** Calls back whenever more can be read, or other files were made live. */
  onProjected(listener: (position: number) => void): void;
  /** Resolves when everything that is in the log now is in the read models. */
  advance(): Promise<void>;
  /** `undefined` where the interaction is not parked. */
  redrive(interaction: string): Promise<Redriven | undefined>;
  /** Makes a build of the read models (`rebuildModels`) live. */
  adopt(files: ModelFiles): Promise<void>;
}

const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 };

/** Starts the one writer of the read models in a thread of its own; throws what kept it from opening them. */
export async function startProjector(options: ProjectorThreadOptions): Promise<ProjectorThread> {
  const { broker, onPosition, ended, close } = await startStation({
    name: 'projector',
    worker: new URL('./projector-worker.js', import.meta.url),
    data: options,
    transfer: [options.follow],
    resourceLimits: RESOURCE_LIMITS,
  });
  const call = async (topic: string, body = ''): Promise<unknown> =>
    (await broker.publish([{ topic, headers: {}, body: new TextEncoder().encode(body) }]))[0];
  return {
    onProjected: onPosition,
    advance: async () => void (await call(ADVANCED)),
    redrive: async (interaction) => ((await call(REDRIVE, interaction)) as Redriven | null) ?? undefined,
    adopt: async (files) => void (await call(ADOPT, JSON.stringify(files))),
    ended,
    close,
  };
}
