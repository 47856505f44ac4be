/** What a shell calls a process that Ctrl-C ended. */
export const INTERRUPTED = 130;

/**
 * Aborted by Ctrl-C or SIGTERM; what runs then ends in order and tells how far it got. A second one ends the process at
 * once.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(INTERRUPTED);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}
