import type { TestHub } from './hub.js';

/** One server-sent event. */
export interface Pushed {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Milliseconds until what is waited for must have come. */
const PATIENCE = 10_000;

/** A watcher of the live push. */
export interface Watcher {
  /** Everything that has come so far. */
  readonly pushed: readonly Pushed[];
  /** Resolves when the hub has ended the answer; rejects where it was cut off. */
  readonly ended: Promise<void>;
  /** Resolves when so many have come, with all of them; rejects when they do not come in time. */
  until(enough: (pushed: readonly Pushed[]) => boolean): Promise<readonly Pushed[]>;
  close(): void;
}

/** Watches until it is closed. Resolves once the hub has begun to answer. */
export async function watch(hub: Pick<TestHub, 'fetch'>, query = '', lastEventId?: string): Promise<Watcher> {
  const stop = new AbortController();
  const response = await hub.fetch(`/v1/live${query}`, {
    signal: stop.signal,
    ...(lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } }),
  });
  if (response.status !== 200 || response.body === null) throw new Error(`live answers ${response.status}`);
  const pushed: Pushed[] = [];
  let wake = (): void => undefined;
  const body = response.body;
  const reading = (async () => {
    let text = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      pushed.push(...messages.flatMap(parse));
      wake();
    }
  })();
  reading.catch(() => undefined);
  return {
    pushed,
    ended: reading,
    until: async (enough) => {
      const deadline = Date.now() + PATIENCE;
      while (!enough(pushed)) {
        const left = deadline - Date.now();
        if (left <= 0) throw new Error(`not in time; so far: ${JSON.stringify(pushed)}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return pushed;
    },
    close: () => stop.abort(),
  };
}

function parse(message: string): Pushed[] {
  const fields = new Map(
    message
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const [id, event, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  if (id === undefined || event === undefined || data === undefined) return [];
  return [{ id, event, data: JSON.parse(data) as Record<string, unknown> }];
}
