import { randomUUID } from 'node:crypto';
import { REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { canonicalJson, type JsonObject } from '@threadline/domain/canonical-json';
import type { DecidedBy, DecisionType, NamedParty } from '@threadline/domain/decision';
import { eventId, partyId } from '@threadline/domain/ids';
import type { LocalLog } from '@threadline/event-store/event-store';
import { ProblemError } from '@threadline/platform/problem';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import type { DecisionSides } from '@threadline/read-store/identity/decision-sides';
import type { Vault } from '@threadline/vault/vault';
import type { DecisionIntake } from './api-parts.js';
import type { EventOpener } from './event-opener.js';
import type { LastDecision } from './last-decision.js';
import { PositionNotReachedError, type ReadProgress } from './read-progress.js';
import { InvalidRequestError } from './request-errors.js';

/** The source of every decision that is made over the API. */
const SOURCE = '/threadline/identity';

/** The last time that RFC 3339 can write. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** What the log adds when it gives an event out, and a batch round it, at most. */
const GIVEN_OUT = 1_024;

export interface Wanted {
  readonly type: DecisionType;
  /** Normalised. */
  readonly parties: readonly NamedParty[];
  readonly reason?: string;
  readonly by: DecidedBy;
  /** The same key is the same decision, for ever. */
  readonly key?: string;
}

export interface Decided {
  /** Our id of the event. */
  readonly event: string;
  readonly position: string;
}

interface DecisionParts {
  readonly decide: DecisionIntake;
  readonly reads: Pick<CustomerReads, 'sides'>;
  readonly progress: ReadProgress;
  readonly log: Pick<LocalLog, 'find' | 'headPosition'>;
  readonly opener: EventOpener;
  readonly last: LastDecision;
  readonly hash: Vault['hash'];
  readonly now: () => number;
}

/**
 * People's decisions, one at a time: each is made on customers as all before it have left them, and is later than all of
 * them. It is an event like any other: what it decides is computed from the log.
 */
export class Decisions {
  #before: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: DecisionParts) {}

  decide(wanted: Wanted): Promise<Decided> {
    const decided = this.#before.then(() => this.#decide(distinct(wanted)));
    this.#before = decided.catch(() => undefined);
    return decided;
  }

  async #decide(wanted: Wanted): Promise<Decided> {
    const { type, parties, reason, by, key } = wanted;
    if (type === 'identity.linked' && parties.length < 2)
      throw new InvalidRequestError([
        { path: '/parties', message: 'must name at least two different parties' },
      ]);
    const known = key === undefined ? undefined : await this.#known(key, wanted);
    if (known !== undefined) return known;
    const rest = type === 'identity.unlinked' ? { rest: await this.#restOf(parties) } : {};
    const id = key ?? randomUUID();
    const answer = await this.parts.decide(
      bytesOf({
        specversion: '1.0',
        id,
        source: SOURCE,
        type,
        time: new Date(await this.#time()).toISOString(),
        datacontenttype: 'application/json',
        data: { parties, ...rest, ...(reason !== undefined && { reason }), by },
      }),
    );
    const event = eventId(this.parts.hash, SOURCE, id);
    if (answer.status === 202) return { event, position: answer.taken.position };
    // Another process was faster with the same key.
    const other = answer.status === 409 && key !== undefined ? await this.#known(key, wanted) : undefined;
    if (other !== undefined) return other;
    throw intakeRefusal(answer, '/data');
  }

  /** What that key has decided before. */
  async #known(key: string, wanted: Wanted): Promise<Decided | undefined> {
    const [found] = this.parts.log.find(eventId(this.parts.hash, SOURCE, key));
    if (found === undefined) return undefined;
    const [event = {}] = await this.parts.opener.cloudEvents([found]);
    const { parties, reason, by } = (event['data'] ?? {}) as Partial<Wanted>;
    const before = { type: found.type, parties, reason, staff: by?.staff };
    const now = { type: wanted.type, parties: wanted.parties, reason: wanted.reason, staff: wanted.by.staff };
    if (textOf(before) !== textOf(now)) {
      const detail = 'this Idempotency-Key was used for another decision';
      throw new ProblemError(409, 'conflict', detail);
    }
    return { event: found.id, position: String(found.position) };
  }

  /** The other side of an unlink, as it is once everything in the log is in the read models. */
  async #restOf(parties: readonly NamedParty[]): Promise<readonly NamedParty[]> {
    const { log, progress, reads, hash } = this.parts;
    try {
      await progress.reach(log.headPosition());
    } catch (error) {
      if (!(error instanceof PositionNotReachedError)) throw error;
      const detail = 'the read models are behind the log: nothing was decided';
      throw new ProblemError(503, 'read-models-behind', detail);
    }
    const sides = await reads.sides(parties.map(({ kind, value }) => partyId(hash, kind, value)));
    requireParted(sides);
    return sides.rest;
  }

  /** Later than every decision before it: two in one millisecond would be told apart by their ids. */
  async #time(): Promise<number> {
    return Math.min(Math.max(this.parts.now(), (await this.parts.last.at()) + 1), LAST_TIME);
  }
}

/** Each party once; normalising may have made two one. */
function distinct(wanted: Wanted): Wanted {
  const parties = new Map(wanted.parties.map((party) => [`${party.kind}\n${party.value}`, party]));
  return { ...wanted, parties: [...parties.values()] };
}

/** 409 where there is nothing that could be parted; each party that is in the way is named by its place. */
function requireParted({ customers, rest }: DecisionSides): void {
  const problem = (message: string) => (index: number) => ({ path: `/parties/${index}`, message });
  const refused = (code: string, detail: string, places: readonly number[], message: string): ProblemError =>
    new ProblemError(409, code, detail, { problems: places.map(problem(message)) });
  const placesOf = (matches: (customer: number | undefined) => boolean): number[] =>
    customers.flatMap((customer, index) => (matches(customer) ? [index] : []));
  const unknown = placesOf((customer) => customer === undefined);
  if (unknown.length > 0)
    throw refused('unknown-party', 'some parties are of no customer', unknown, 'was never named');
  const strangers = placesOf((customer) => customer !== customers[0]);
  if (strangers.length > 0) {
    const detail = 'the parties are not all of one customer';
    throw refused('several-customers', detail, strangers, 'is of another customer than the first');
  }
  if (rest.length === 0) {
    const detail = 'these are all parties of their customer: there is nothing that they could be parted from';
    throw new ProblemError(409, 'whole-customer', detail);
  }
}

function bytesOf(event: object): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(event));
  if (bytes.byteLength <= REQUEST_LIMIT - GIVEN_OUT) return bytes;
  const detail = `the decision names so many parties that it has ${bytes.byteLength} bytes: given out with the log, it could not be sent back`;
  throw new ProblemError(413, 'too-large', detail);
}

const textOf = (decision: object): string =>
  canonicalJson(JSON.parse(JSON.stringify(decision)) as JsonObject);

/** What ingest says of an event of which the part at `body` is what it is here: the body. */
export function intakeRefusal(
  answer: Exclude<Awaited<ReturnType<DecisionIntake>>, { status: 202 }>,
  body: string,
): ProblemError {
  const problems = answer.rejected.flatMap(({ problems: all }) => all);
  if (answer.status !== 400 || problems.length === 0)
    return new ProblemError(answer.status, answer.code, answer.detail);
  return new InvalidRequestError(
    problems.map(({ path, message }) => ({
      path: path.startsWith(`${body}/`) ? path.slice(body.length) : path,
      message,
    })),
  );
}
