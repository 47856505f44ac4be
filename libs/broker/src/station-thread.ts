import { MessageChannel, Worker, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import { ThreadlineError } from '@threadline/platform/errors';
import { EmbeddedBroker } from './embedded-broker.js';
import type { StationMessage } from './station-worker.js';

export interface StationOptions {
  /** In errors, and of the thread. */
  readonly name: string;
  /** Runs `runStation`. */
  readonly worker: URL;
  /** What it is started with, beside its port. */
  readonly data: object;
  /** Ports of the data that go over to it. */
  readonly transfer: readonly MessagePort[];
  readonly resourceLimits: ResourceLimits;
}

/** A station of the road in a thread of this process, as its owner sees it. */
export interface StationThread {
  /** Publishes to what listens in the thread. */
  readonly broker: EmbeddedBroker;
  /** Calls back whenever the thread tells how far it is. */
  readonly onPosition: (listener: (position: number) => void) => void;
  /** Resolves with the exit code when the thread has ended; unless it was closed, the process must end with that code. */
  readonly ended: Promise<number>;
  /** Answers what is in flight, then ends the thread. */
  readonly close: () => Promise<void>;
}

/** Resolves when the thread is ready. @throws ThreadlineError what kept it from starting */
export async function startStation(options: StationOptions): Promise<StationThread> {
  const { name, worker: file, data, transfer, resourceLimits } = options;
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(file, {
    workerData: { ...data, port: port2 },
    transferList: [port2, ...transfer],
    ...{ name, resourceLimits },
  });
  const listeners: ((position: number) => void)[] = [];
  const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
  // A thread that dies of an error ends as well: its end is what is watched.
  worker.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: StationMessage) => {
      if ('position' in message) for (const listener of listeners) listener(message.position);
      else if ('ready' in message) resolve();
      else reject(startError(message));
    });
    worker.once('error', reject);
    void ended.then((code) => {
      const message = `the ${name} thread ended at its start (${code})`;
      reject(new ThreadlineError(message, { code: `${name}-ended`, retriable: false }));
    });
  });
  const broker = new EmbeddedBroker(port1);
  return {
    broker,
    onPosition: (listener) => void listeners.push(listener),
    ended,
    close: async () => {
      await broker.close();
      worker.postMessage('stop');
      await ended;
    },
  };
}

const startError = ({ failed }: Extract<StationMessage, { failed: unknown }>): ThreadlineError =>
  new ThreadlineError(failed.message, { code: failed.code, exitCode: failed.exitCode, retriable: false });
