import type { Message } from './broker.js';
import { DEAD, withoutReason } from './kafka/dead-letter.js';
import type { Incoming } from './kafka/driver.js';
import { textHeaders } from './kafka/incoming-message.js';
import type { KafkaBroker } from './kafka-broker.js';

/** A message that was put aside, and why. */
export interface DeadLetter {
  /** `<partition>-<offset>` among the dead letters. */
  readonly id: string;
  /** When it was put aside (RFC 3339). */
  readonly at: string;
  /** The code of the error. */
  readonly reason: string;
  readonly detail: string;
  /** What the handler told besides: each problem with its place. */
  readonly problems: unknown;
  readonly attempts: number;
  /** `<topic>/<partition>/<offset>` where it came from. */
  readonly from: string;
  /** As it came. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Kept {
  readonly letter: DeadLetter;
  readonly incoming: Incoming;
}

/**
 * The dead letters of a topic, for people: listed, sent again, dropped. The topic only grows: that somebody is done with a
 * letter is a mark behind it. One that dies between sending and marking is listed still, and sent again changes nothing.
 */
export class KafkaDeadLetters {
  readonly #broker: KafkaBroker;
  readonly #topic: string;

  constructor(broker: KafkaBroker, topic: string) {
    this.#broker = broker;
    this.#topic = topic;
  }

  /** Those that nobody is done with, oldest first. Reads all of the topic: seconds. */
  async list(): Promise<DeadLetter[]> {
    return [...(await this.#read()).values()].map(({ letter }) => letter);
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    return (await this.#read()).get(id)?.letter;
  }

  /** To where it came from, as it came; false where there is no such letter. */
  async redrive(id: string): Promise<boolean> {
    const found = (await this.#read()).get(id);
    if (found === undefined) return false;
    const [topic = ''] = found.letter.from.split('/');
    const { key, headers, body } = found.incoming;
    await this.#broker.sendRaw(topic, { key, headers: withoutReason(headers), body });
    await this.settle(id);
    return true;
  }

  /** Somebody is done with it, whatever became of it. */
  async settle(id: string): Promise<void> {
    const mark: Message = {
      topic: this.#topic,
      headers: { [DEAD.settled]: id, [DEAD.at]: new Date().toISOString() },
      body: new Uint8Array(),
    };
    await this.#broker.publish([mark]);
  }

  async #read(): Promise<Map<string, Kept>> {
    const kept = new Map<string, Kept>();
    const settled: string[] = [];
    for (const incoming of await this.#broker.readTopic(this.#topic)) {
      const headers = textHeaders(incoming.headers);
      const mark = headers[DEAD.settled];
      if (mark !== undefined) settled.push(mark);
      else {
        const letter = letterOf(incoming, headers);
        kept.set(letter.id, { letter, incoming });
      }
    }
    // Afterwards: with several partitions a mark may be read before its letter.
    for (const id of settled) kept.delete(id);
    return kept;
  }
}

const NONE = new Uint8Array();

function letterOf(incoming: Incoming, headers: Readonly<Record<string, string>>): DeadLetter {
  const { partition, offset, key, body } = incoming;
  return {
    id: `${partition}-${offset}`,
    at: headers[DEAD.at] ?? '',
    reason: headers[DEAD.reason] ?? '',
    detail: headers[DEAD.detail] ?? '',
    problems: problemsOf(headers[DEAD.problems]),
    attempts: Number(headers[DEAD.attempts] ?? 0),
    from: headers[DEAD.from] ?? '',
    key: key?.toString('utf8') ?? null,
    headers: textHeaders(withoutReason(incoming.headers)),
    body: body ?? NONE,
  };
}

/** A long list was cut off where it was written. */
function problemsOf(text: string | undefined): unknown {
  try {
    return text === undefined ? [] : (JSON.parse(text) as unknown);
  } catch {
    return [{ path: '', message: text }];
  }
}
