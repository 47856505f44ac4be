import { rulesName } from '@threadline/domain/identity/identity-rules';
import { ConfigurationError } from '@threadline/platform/config';
import type { GivenRules } from '@threadline/platform/variables';
import type { Logger } from '@threadline/platform/logger';
import type { Vault } from '@threadline/vault/vault';
import type { DecisionIntake, LogReader } from './api-parts.js';
import { RulesConflictError, RulesInForce } from './rules-in-force.js';

const VARIABLE = 'THREADLINE_IDENTITY_RULES';

/**
 * Puts the rules of the configured file in force before anybody is listened to, unless the log has ever had them: a start
 * never takes back what was applied since.
 * @throws ConfigurationError where the file has changed and its version has not.
 */
export async function rulesAtStart(
  { file, rules }: GivenRules,
  {
    log: reader,
    vault,
  }: { readonly log: Pick<LogReader, 'readAll'>; readonly vault: Pick<Vault, 'keys' | 'hash'> },
  decide: DecisionIntake,
  log: Logger,
): Promise<void> {
  const inForce = new RulesInForce({ log: reader, vault, decide, now: Date.now });
  try {
    const isNew = await inForce.applyOnce(rules, { key: 'start', label: VARIABLE });
    if (isNew) log.info({ rules: rulesName(rules) }, 'identity rules were put in force');
  } catch (error) {
    if (!(error instanceof RulesConflictError)) throw error;
    throw new ConfigurationError([{ variable: VARIABLE, message: `${file}: ${error.message}` }]);
  }
}
