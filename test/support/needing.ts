import type { TestContext } from 'node:test';

/**
 * The options and the body of a test that needs something of the machine. `missing` says what is not there (undefined:
 * all is): the test then says so and is skipped, and fails where THREADLINE_INT=required.
 *
 *     it('survives power cuts', ...needing(missingForPowerCuts(), async () => { … }));
 */
export function needing(
  missing: string | undefined,
  body: (context: TestContext) => Promise<void>,
): [options: { skip: string | false }, body: (context: TestContext) => Promise<void>] {
  if (missing === undefined) return [{ skip: false }, body];
  if (process.env['THREADLINE_INT'] !== 'required') return [{ skip: missing }, body];
  return [{ skip: false }, () => Promise.reject(new Error(`THREADLINE_INT=required, but ${missing}`))];
}

/** The same for a whole suite: its options. Where THREADLINE_INT=required the suite runs, and fails at what is not there. */
export function needed(missing: string | undefined): { skip: string | false } {
  return { skip: missing !== undefined && process.env['THREADLINE_INT'] !== 'required' ? missing : false };
}
