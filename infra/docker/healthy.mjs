// Exit code 0 where the process beside it says that it lives; the image has no curl.
const port = process.env.THREADLINE_PORT || '8080';
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
