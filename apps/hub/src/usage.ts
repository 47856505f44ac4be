/** What `--help` prints. */
export const USAGE = `Threadline, embedded: ingest, log, projections and API in one process.

Usage: npm start [-- --help]

  THREADLINE_PORT, THREADLINE_HOST   where it listens            (8080, 127.0.0.1)
  THREADLINE_DATA                    folder of everything kept   (.threadline)
  THREADLINE_MASTER_KEY              32 bytes, base64            (a file made in the folder)
  THREADLINE_MASTER_KEY_FILE         a file with the same
  THREADLINE_BOOTSTRAP_KEY           a key with every scope      (one is made and printed once)
  THREADLINE_COUNTRY                 of phone numbers that come without one
  THREADLINE_IDENTITY_RULES          a file of identity rules    (what was applied last)
  THREADLINE_EVENTSTORE_PORT         the log over gRPC, for EventStoreDB's clients   (off)
  THREADLINE_LOG_LEVEL               trace to fatal, or silent   (info)

It is ready when GET /health/ready answers 200. SIGTERM or Ctrl-C stops it in order; a second one at once.
Exit codes: 0 stopped, 1 it failed or the port is taken, 64 bad usage, 74 the folder cannot be used, 78 bad configuration.
`;
