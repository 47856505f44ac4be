import type { EventStore } from '../event-store.js';

const META = '$$';

export const isMetaStream = (stream: string): boolean => stream.startsWith(META);

/** `$$<stream>`: where it is said what holds for a stream. */
export const metaStreamOf = (stream: string): string => `${META}${stream}`;

/** `<stream>` of `$$<stream>`. */
export const describedBy = (metaStream: string): string => metaStream.slice(META.length);

/**
 * The streams of which something is said. Few are, and all of it is said through this server, so knowing them spares
 * every other stream a look for what is not there.
 */
export class DescribedStreams {
  readonly #streams = new Set<string>();

  /** Reads what was said so far: those events are in the log's index of categories. */
  static async of(log: Pick<EventStore, 'readAll'>): Promise<DescribedStreams> {
    const described = new DescribedStreams();
    for await (const { stream } of log.readAll({ prefixes: [META] })) described.written(stream);
    return described;
  }

  has(stream: string): boolean {
    return this.#streams.has(stream);
  }

  /** An event goes to that stream. */
  written(stream: string): void {
    if (isMetaStream(stream)) this.#streams.add(describedBy(stream));
  }
}
