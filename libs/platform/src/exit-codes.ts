/** How a process ends (the numbers of BSD's sysexits.h, so that scripts can tell the cases apart). */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** Something was refused; each thing was named. Also what nobody foresaw. */
  refused: 1,
  /** The command line was not understood. */
  usage: 64,
  /** The hub is not there. */
  unavailable: 69,
  /** A store cannot be opened, read or written, is newer than the code, or is held by another hub. */
  io: 74,
  /** A variable or a file that configures us is wrong. */
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
