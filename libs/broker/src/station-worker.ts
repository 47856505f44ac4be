import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { LogLevel } from '@threadline/platform/config';
import { exitCodeOf } from '@threadline/platform/errors';
import type { ExitCode } from '@threadline/platform/exit-codes';
import { createLogger, type Logger } from '@threadline/platform/logger';

/** What every station's thread is started with. */
export interface StationData {
  /** To its owner: of an `EmbeddedBroker`. */
  readonly port: MessagePort;
  readonly logLevel?: LogLevel;
}

/** What the thread tells its owner. */
export type StationMessage =
  | { readonly ready: true }
  | { readonly position: number }
  | { readonly failed: { readonly message: string; readonly code: string; readonly exitCode: ExitCode } };

export interface Station {
  readonly log: Logger;
  /** Tells the owner how far it is. */
  readonly tell: (position: number) => void;
}

/** Runs a station in the worker thread that calls it, until its owner closes it; `start` answers how it is stopped. */
export async function runStation<Data extends StationData>(
  name: string,
  start: (data: Data, station: Station) => Promise<() => Promise<void>>,
): Promise<void> {
  const data = workerData as Data;
  const log = createLogger({ level: data.logLevel ?? 'info', part: name });
  const say = (message: StationMessage): void => parentPort?.postMessage(message);
  try {
    const stop = await start(data, { log, tell: (position) => say({ position }) });
    parentPort?.once('message', () => {
      void stop().finally(() => parentPort?.close());
    });
    say({ ready: true });
  } catch (error) {
    // Told, not thrown: a thread that throws while others start can take V8 down.
    const { code } = error as { code?: unknown };
    say({
      failed: {
        message: error instanceof Error ? error.message : `the ${name} thread could not start`,
        code: typeof code === 'string' ? code : `${name}-start`,
        exitCode: exitCodeOf(error),
      },
    });
    data.port.close();
  }
}
