import { Worker, type MessagePort } from 'node:worker_threads';
import { ThreadlineError } from '@threadline/platform/errors';
import type { ExitCode } from '@threadline/platform/exit-codes';
import type { Append, AppendResult } from '../event-store.js';

export interface EndpointOptions {
  /** The data folder of a hub; its log is read, and written by `append` only. */
  readonly folder: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** A key with every scope, besides those of the log. */
  readonly bootstrapKey: string | undefined;
  /** Streams of these are the hub's own: nobody writes them from outside. */
  readonly ownCategories: readonly string[];
  /** Sent something after every append: subscriptions look at once. */
  readonly follow: MessagePort;
  /** Through the log's one writer. */
  readonly append: (appends: readonly Append[]) => Promise<AppendResult[]>;
  readonly unforeseen: (error: unknown) => void;
}

/** What the thread is started with. */
export type EndpointWorkerData = Omit<EndpointOptions, 'append' | 'unforeseen'>;

interface Failure {
  readonly message: string;
  readonly code: string;
  readonly retriable: boolean;
  readonly exitCode?: ExitCode;
}

/** What the thread tells its owner. */
export type EndpointMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'append'; readonly call: number; readonly appends: readonly Append[] }
  | { readonly kind: 'unforeseen'; readonly message: string };

/** What its owner answers. */
export type EndpointAnswer =
  | { readonly kind: 'appended'; readonly call: number; readonly results: AppendResult[] }
  | { readonly kind: 'refused'; readonly call: number; readonly failure: Failure }
  | { readonly kind: 'stop' };

/** The endpoint of a hub's log, as its owner sees it. */
export interface EndpointThread {
  readonly port: number;
  /** Resolves with the exit code when the thread has ended. */
  readonly ended: Promise<number>;
  close(): Promise<void>;
}

export const failureOf = (error: unknown): Failure => {
  const { code, exitCode } = error as { code?: unknown; exitCode?: ExitCode };
  return {
    message: error instanceof Error ? error.message : String(error),
    code: typeof code === 'string' ? code : 'event-store-endpoint',
    retriable: error instanceof ThreadlineError && error.retriable,
    ...(exitCode !== undefined && { exitCode }),
  };
};

export const errorOf = ({ message, ...rest }: Failure): ThreadlineError => new ThreadlineError(message, rest);

/**
 * Serves a hub's log over gRPC from a thread of its own, with a reader of its own: neither ingest nor the API wait for
 * it. Throws what kept it from starting, such as `EventStorePortError`.
 */
export async function startEndpoint(options: EndpointOptions): Promise<EndpointThread> {
  const { append, unforeseen, ...workerData } = options;
  const worker = new Worker(new URL('./endpoint-worker.js', import.meta.url), {
    workerData: workerData satisfies EndpointWorkerData,
    transferList: [options.follow],
    name: 'event store endpoint',
  });
  const answer = (message: EndpointAnswer): void => worker.postMessage(message);
  const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
  // A thread that dies of an error ends as well: its end is what is watched.
  worker.on('error', unforeseen);
  const port = await new Promise<number>((resolve, reject) => {
    worker.on('message', (message: EndpointMessage) => {
      switch (message.kind) {
        case 'ready':
          return resolve(message.port);
        case 'failed':
          return reject(errorOf(message.failure));
        case 'unforeseen':
          return unforeseen(new Error(message.message));
        case 'append': {
          const { call, appends } = message;
          append(appends).then(
            (results) => answer({ kind: 'appended', call, results }),
            (error: unknown) => answer({ kind: 'refused', call, failure: failureOf(error) }),
          );
          return undefined;
        }
        default:
          return message satisfies never;
      }
    });
    void ended.then((code) =>
      reject(errorOf(failureOf(new Error(`the endpoint ended at its start (${code})`)))),
    );
  });
  return {
    port,
    ended,
    close: async () => {
      answer({ kind: 'stop' });
      await ended;
    },
  };
}
