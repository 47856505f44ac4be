import { createHash } from 'node:crypto';
import type { AnswerDesk } from '@threadline/broker/answer-desk';
import type { Broker, Message } from '@threadline/broker/broker';
import type { Arrival, Intake } from '@threadline/channels/intake';
import { ADDED, toKafkaHeaders, type DecisionSigner } from '@threadline/channels/kafka-binding';
import { answerTo, takeRequest, type TakenRequest } from '@threadline/channels/request-intake';
import {
  DECIDES,
  INBOUND,
  WAIT,
  type EdgeAnswer,
  type EventsAnswer,
} from '@threadline/contracts/events-answer';
import { elementsOf } from '@threadline/contracts/json-extents';
import type { Hash } from '@threadline/domain/ids';
import { categoryOf } from '@threadline/domain/decision';

export interface EdgeOptions {
  /** One that keeps what is published for good. */
  readonly broker: Pick<Broker, 'publish'>;
  readonly intake: Intake;
  readonly signer: DecisionSigner;
  readonly desk: AnswerDesk<EventsAnswer>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

const STRUCTURED = 'application/cloudevents+json';

/** Ids at the edge only say what belongs together: they never leave, so no key is needed to make them. */
export const edgeHash: Hash = (...parts) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/**
 * The gateway's end of a cluster's broker: takes requests as they came, as the embedded broker does, checks them as
 * ingest will, and publishes each event, as it was sent, keyed by its interaction. Answers when the broker has all of
 * them for good, or, where the sender wants to wait, when the log has.
 */
export class Edge implements Pick<Broker, 'publish'> {
  constructor(private readonly options: EdgeOptions) {}

  publish(requests: readonly Message[]): Promise<EdgeAnswer[]> {
    return Promise.all(requests.map((request) => this.#take(request)));
  }

  async #take({ headers, body }: Message): Promise<EdgeAnswer> {
    const { intake, clock, desk, broker } = this.options;
    const at = clock();
    const arrival: Arrival = {
      at,
      decides: headers[DECIDES] === 'true',
      ...(headers['mode'] === 'backfill' && { mode: 'backfill' }),
    };
    const taken = takeRequest({ contentType: headers['content-type'], headers, body }, arrival, intake);
    if ('status' in taken) return taken;
    const { received, rejected, mode } = taken;
    const single = mode !== 'batch';
    if (received.length === 0)
      return answerTo({ single, accepted: 0, duplicates: 0, rejected, position: null });
    const messages = this.#messages(taken, headers, body, at);
    if (headers[WAIT] === 'log') {
      const waited = await desk.waitFor(messages, (addressed) => broker.publish(addressed));
      if (waited !== undefined) return together(taken, waited);
    } else await broker.publish(messages);
    return answerTo({ single, accepted: received.length, duplicates: 0, rejected, position: null });
  }

  #messages(
    { mode, received, places }: TakenRequest,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    at: number,
  ): Message[] {
    const bodies = mode === 'batch' ? elementsOf(body) : [body];
    const added = {
      [ADDED.arrival]: String(at),
      ...(headers['mode'] !== undefined && { [ADDED.mode]: headers['mode'] }),
    };
    return received.map(({ type, interaction, cloudEvent, arrived }, index): Message => {
      const asSent = bodies[places[index] as number] as Uint8Array;
      const message = { topic: INBOUND, key: interaction };
      if (categoryOf(type) !== 'interaction') {
        // Always structured: the signature is of the body, and the body has to say everything.
        const { time, ...rest } = cloudEvent;
        const whole = arrived === true ? rest : { ...rest, time };
        const decision = mode === 'binary' ? Buffer.from(JSON.stringify(whole)) : asSent;
        const decides = this.options.signer.sign(decision);
        return {
          ...message,
          headers: { 'content-type': STRUCTURED, ...added, [ADDED.decides]: decides },
          body: decision,
        };
      }
      if (mode === 'binary')
        return { ...message, headers: { ...toKafkaHeaders(headers), ...added }, body: asSent };
      return { ...message, headers: { 'content-type': STRUCTURED, ...added }, body: asSent };
    });
  }
}

/** One answer of the answers to its events, as if they had been written in one request. */
function together({ mode, rejected, places }: TakenRequest, answers: readonly EventsAnswer[]): EdgeAnswer {
  let accepted = 0;
  let duplicates = 0;
  let position = 0;
  const refused = [...rejected];
  answers.forEach((answer, i) => {
    const index = places[i] as number;
    if (answer.status === 202) {
      accepted += answer.taken.accepted;
      duplicates += answer.taken.duplicates;
      position = Math.max(position, Number(answer.taken.position));
    } else refused.push(...answer.rejected.map((one) => ({ ...one, index })));
  });
  const single = mode !== 'batch';
  return answerTo({ single, accepted, duplicates, rejected: refused, position: String(position) });
}
