import { randomUUID } from 'node:crypto';
import type { DecidedBy } from '@threadline/domain/decision';
import { rulesName, sameRules, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { eventId } from '@threadline/domain/ids';
import { ProblemError } from '@threadline/platform/problem';
import {
  AppliedRulesLog,
  conflictWith,
  type AppliedRules,
} from '@threadline/read-store/identity/applied-rules';
import type { Vault } from '@threadline/vault/vault';
import type { DecisionIntake, LogReader } from './api-parts.js';
import { intakeRefusal, type Decided } from './decisions.js';

/** The source of rules that are put in force over the API, or at a start. */
const SOURCE = '/threadline/identity/rules';

/** 409: rules of this name and version were in force with another content. */
export class RulesConflictError extends ProblemError {
  constructor(rules: IdentityRules, position: number) {
    const detail =
      `${rulesName(rules)} was put in force at position ${position} with other content: ` +
      'rules that change need another version';
    super(409, 'conflict', detail);
  }
}

interface RulesParts {
  readonly log: Pick<LogReader, 'readAll'>;
  readonly vault: Pick<Vault, 'keys' | 'hash'>;
  readonly decide: DecisionIntake;
  readonly now: () => number;
}

/**
 * By which rules identity is computed: events of the log, the last of which is in force. A name and version stand for
 * one content, for ever; rules that were in force before may be put in force again.
 */
export class RulesInForce {
  readonly #applied: AppliedRulesLog;
  #before: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: RulesParts) {
    this.#applied = new AppliedRulesLog(parts.log, parts.vault);
  }

  /** All that were ever put in force, oldest first, up to the head of the log. */
  history(): Promise<readonly AppliedRules[]> {
    return this.#applied.all();
  }

  /**
   * Puts these in force from here on; answered when the event is durable. Those that are in force stay so.
   * @throws RulesConflictError
   */
  apply(rules: IdentityRules, by: DecidedBy): Promise<Decided> {
    return this.#inTurn(async () => {
      const history = await this.#historyFor(rules);
      const last = history.at(-1);
      if (last !== undefined && sameRules(last.rules, rules)) return decidedAt(last);
      return this.#append(rules, by);
    });
  }

  /**
   * Puts these in force unless they ever were: then whatever came after them stays. Answers whether it did.
   * @throws RulesConflictError
   */
  applyOnce(rules: IdentityRules, by: DecidedBy): Promise<boolean> {
    return this.#inTurn(async () => {
      const history = await this.#historyFor(rules);
      if (history.some((known) => sameRules(known.rules, rules))) return false;
      await this.#append(rules, by);
      return true;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#before.then(work);
    this.#before = done.catch(() => undefined);
    return done;
  }

  async #historyFor(rules: IdentityRules): Promise<readonly AppliedRules[]> {
    const history = await this.history();
    const conflict = conflictWith(rules, history);
    if (conflict !== undefined) throw new RulesConflictError(rules, conflict.position);
    return history;
  }

  async #append(rules: IdentityRules, by: DecidedBy): Promise<Decided> {
    const id = randomUUID();
    const answer = await this.parts.decide(
      Buffer.from(
        JSON.stringify({
          specversion: '1.0',
          id,
          source: SOURCE,
          type: 'identity.rules.applied',
          time: new Date(this.parts.now()).toISOString(),
          datacontenttype: 'application/json',
          data: { rules, by },
        }),
      ),
    );
    if (answer.status !== 202) throw intakeRefusal(answer, '/data/rules');
    const hash: Vault['hash'] = (...of) => this.parts.vault.hash(...of);
    return { event: eventId(hash, SOURCE, id), position: answer.taken.position };
  }
}

const decidedAt = ({ event, position }: AppliedRules): Decided => ({ event, position: String(position) });
