import type { DecidedBy } from '@threadline/domain/decision';
import { rulesName, sameRules, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { CorruptEventError } from '@threadline/event-store/errors';
import { START, type EventStore, type Position } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { openRulesEvent, UnreadableRulesError } from './identity-rules-events.js';

/** Rules that were put in force, and where. */
export interface AppliedRules {
  readonly rules: IdentityRules;
  readonly position: Position;
  /** Our id of the event. */
  readonly event: string;
  /** Milliseconds: when it was recorded. */
  readonly appliedAt: number;
  readonly by: DecidedBy | undefined;
}

/** Where the name and version of these were put in force with another content: they need another version. */
export function conflictWith(
  rules: IdentityRules,
  history: readonly AppliedRules[],
): AppliedRules | undefined {
  const name = rulesName(rules);
  const known = history.findLast((one) => rulesName(one.rules) === name);
  return known === undefined || sameRules(known.rules, rules) ? undefined : known;
}

/** The identity rules that were ever put in force, as the log tells it; each event is looked at once. */
export class AppliedRulesLog {
  readonly #all: AppliedRules[] = [];
  #after: Position = START;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: Pick<EventStore, 'readAll'>,
    private readonly vault: Pick<Vault, 'keys' | 'hash'>,
  ) {}

  /** Oldest first, up to the head of the log. What cannot be read was never in force: the projector has parked it. */
  all(): Promise<readonly AppliedRules[]> {
    const read = this.#reading.then(() => this.#read());
    this.#reading = read.catch(() => undefined);
    return read;
  }

  async #read(): Promise<readonly AppliedRules[]> {
    for (;;) {
      try {
        for await (const event of this.log.readAll({ after: this.#after, prefixes: ['rules-'] })) {
          const applied = await this.#open(event);
          if (applied !== undefined) this.#all.push(applied);
          this.#after = event.position;
        }
        return this.#all;
      } catch (error) {
        if (!(error instanceof CorruptEventError)) throw error;
        this.#after = error.position;
      }
    }
  }

  async #open(event: Parameters<typeof openRulesEvent>[0]): Promise<AppliedRules | undefined> {
    try {
      const { rules, by } = await openRulesEvent(event, this.vault);
      const { position, id, recordedAt } = event;
      return { rules, position, event: id, appliedAt: recordedAt, by };
    } catch (error) {
      if (error instanceof UnreadableRulesError) return undefined;
      throw error;
    }
  }
}
