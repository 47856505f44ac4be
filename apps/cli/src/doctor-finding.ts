export type State = 'ok' | 'warn' | 'fail';

/** What was looked at, and how it is. */
export interface Finding {
  readonly check: string;
  readonly state: State;
  readonly detail: string;
}

export const failed = (check: string, error: unknown): Finding => ({
  check,
  state: 'fail',
  detail: error instanceof Error ? error.message : String(error),
});
