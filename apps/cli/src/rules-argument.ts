import { readFileSync } from 'node:fs';
import { readRulesFile } from '@threadline/contracts/rules-file';
import type { IdentityRules, RulesProblem } from '@threadline/domain/identity/identity-rules';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { FolderError } from './folder.js';

/** A file of identity rules that is none; every mistake is named. Exit code 78. */
class BadRulesError extends ThreadlineError {
  constructor(file: string, problems: readonly RulesProblem[]) {
    const lines = problems.map(({ path, message }) => `  ${path === '' ? '' : `${path} `}${message}`);
    super(`${file} holds no identity rules:\n${lines.join('\n')}`, {
      code: 'bad-rules',
      retriable: false,
      exitCode: EXIT.configuration,
    });
  }
}

/** The rules that a file holds; throws `BadRulesError`, and `FolderError` where it cannot be read. */
export function rulesIn(file: string): IdentityRules {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new FolderError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const read = readRulesFile(bytes);
  if ('rules' in read) return read.rules;
  throw new BadRulesError(file, read.problems);
}
