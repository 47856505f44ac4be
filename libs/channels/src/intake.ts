import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { categoryOf } from '@threadline/domain/decision';
import { defaultStrength, type Identifier, type Strength } from '@threadline/domain/identifier';
import { contentHash, eventId, interactionId, type Hash } from '@threadline/domain/ids';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { contentOf, type ReceivedEvent } from '@threadline/domain/interaction';
import { eventTime } from '@threadline/contracts/event-time';
import { asEvent, eventProblems, type EventProblem } from '@threadline/contracts/validate-event';
import { decisionProblems, partiesOf, undecided } from './decision-intake.js';
import { normaliseIdentifier } from './normalise.js';

/** What an intake needs to know; passed in, so that it has neither clock nor key. */
export interface IntakeOptions {
  /** `vault.hash`. */
  readonly hash: Hash;
  /** Of phone numbers that come without a country: ISO 3166 alpha-2. */
  readonly country?: string;
}

/** Of one request. */
export interface Arrival {
  /** Milliseconds since 1970: the business time of events that came without one. */
  readonly at: number;
  readonly mode?: 'backfill';
  /** Who sends it may decide on identity: has a key with the scope `admin`. */
  readonly decides?: boolean;
}

export type Taken =
  | { readonly kind: 'received'; readonly event: ReceivedEvent }
  | { readonly kind: 'refused'; readonly problems: EventProblem[] };

/** From raw events to what the domain decides on: checked, named by our ids, identifiers normalised. */
export class Intake {
  readonly #hash: Hash;
  readonly #country: string | undefined;

  constructor({ hash, country }: IntakeOptions) {
    this.#hash = hash;
    this.#country = country;
  }

  take(raw: Json, arrival: Arrival): Taken {
    const type = decidedType(raw);
    if (type !== undefined && arrival.decides !== true) return refused([undecided(type)]);
    const problems = eventProblems(raw);
    if (problems.length > 0) return refused(problems);
    const sent = asEvent(raw);
    if (type === undefined) return this.#received(sent, identifiersOf(sent.data, this.#country), arrival);
    const data = sent.data ?? {};
    const parties = partiesOf(type, data, this.#country);
    const wrong = decisionProblems(type, data, parties);
    return wrong.length > 0 ? refused(wrong) : this.#received(sent, parties, arrival);
  }

  #received(sent: CloudEventJson, identifiers: readonly Identifier[], arrival: Arrival): Taken {
    const hash = contentHash(this.#hash, contentOf(sent));
    const arrived = sent.time === undefined;
    const backfill = arrival.mode === 'backfill' || sent['threadlinemode'] === 'backfill';
    const object = sent.data?.['object'];
    const event: ReceivedEvent = {
      eventId: eventId(this.#hash, sent.source, sent.id),
      interaction: interactionId(this.#hash, sent.source, typeof object === 'string' ? object : sent.id),
      type: sent.type,
      cloudEvent: arrived ? { ...sent, time: new Date(arrival.at).toISOString() } : sent,
      at: arrived ? arrival.at : (eventTime(sent.time as string) as number),
      ...(arrived && { arrived }),
      ...(backfill && { mode: 'backfill' }),
      hash,
      identifiers,
    };
    return { kind: 'received', event };
  }
}

const refused = (problems: EventProblem[]): Taken => ({ kind: 'refused', problems });

/** The type of what is no interaction. */
function decidedType(raw: Json): string | undefined {
  const type = (raw as { type?: unknown } | null)?.type;
  return typeof type === 'string' && categoryOf(type) !== 'interaction' ? type : undefined;
}

/** The identifiers of an event's data, normalised, in their order. The data has passed validation. */
export function identifiersOf(data: JsonObject | undefined, defaultCountry?: string): Identifier[] {
  const given = data?.['identifiers'] as
    { kind: string; value: string; strength?: Strength; name?: string }[] | undefined;
  if (given === undefined) return [];
  const country = (data?.['country'] as string | undefined) ?? defaultCountry;
  return given.map(({ kind, value, strength, name }) => {
    const normal = normaliseIdentifier(kind, value, country);
    return {
      ...normal,
      strength: defaultStrength(normal.kind, strength),
      ...(name !== undefined && { name }),
    };
  });
}
