import type { DecisionIntake } from '@threadline/api/api-parts';
import { RulesConflictError, RulesInForce } from '@threadline/api/rules-in-force';
import { rulesName } from '@threadline/domain/identity/identity-rules';
import { ConfigurationError, type GivenRules } from '@threadline/platform/config';
import type { Logger } from '@threadline/platform/logger';
import type { HubStores } from './hub-stores.js';

const VARIABLE = 'THREADLINE_IDENTITY_RULES';

/**
 * Puts the rules of the configured file in force before the hub listens, unless this folder has ever had them: a start
 * never takes back what was applied since.
 * @throws ConfigurationError where the file has changed and its version has not.
 */
export async function rulesAtStart(
  { file, rules }: GivenRules,
  { reader, vault }: Pick<HubStores, 'reader' | 'vault'>,
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
