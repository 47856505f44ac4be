import { ThreadlineError } from '@threadline/platform/errors';
import { ReadProgress } from './read-progress.js';

/** 503: the rows are further than what this process has copied of the log, of which they are opened. Heals itself. */
export class LogBehindError extends ThreadlineError {
  constructor(position: number, copied: number) {
    super(`the read models are at ${position}, and this process has the log only up to ${copied}`, {
      code: 'log-behind',
      retriable: true,
      status: 503,
    });
  }
}

/**
 * How far an api of a cluster can answer: what the projector has published, as far as this process's own files, of the
 * log and of the words, follow. Either may come first, and be late by as much as a copy of the whole log takes.
 * `patience` in milliseconds.
 */
export class FollowedProgress {
  /** Everything up to here can be read here. */
  readonly readable = new ReadProgress(0);
  readonly #files: ReadProgress;
  #published = 0;

  constructor(files: number, patience?: number) {
    this.#files = new ReadProgress(files, patience);
  }

  /** The files hold everything up to there. */
  followed(position: number): void {
    this.#files.advance(position);
    this.#tell();
  }

  /** Everything up to there is published. */
  published(position: number): void {
    this.#published = Math.max(this.#published, position);
    this.#tell();
  }

  /** Resolves when the files hold everything up to there. @throws LogBehindError where they do not in time */
  async inFiles(position: number): Promise<void> {
    await this.#files.reach(position).catch(() => {
      throw new LogBehindError(position, this.#files.position);
    });
  }

  #tell(): void {
    this.readable.advance(Math.min(this.#published, this.#files.position));
  }
}
