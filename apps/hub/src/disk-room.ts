import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What the largest event needs, in the log and in its write-ahead log. */
const ROOM = 2 * 1_048_576;

/**
 * Has the folder's disk room for an event? Tried by a file that is written, synced and removed: after a full disk nothing
 * else would tell that there is room again, since whoever asks whether we are ready sends no events while we are not.
 */
export class DiskRoom {
  readonly #path: string;
  #trying: Promise<boolean> | undefined;

  constructor(folder: string) {
    this.#path = join(folder, 'room.probe');
  }

  /** Asked while it is being tried, it answers with that try. */
  has(): Promise<boolean> {
    this.#trying ??= this.#try().finally(() => (this.#trying = undefined));
    return this.#trying;
  }

  async #try(): Promise<boolean> {
    try {
      const file = await open(this.#path, 'w', 0o600);
      try {
        // Written, not only reserved: a sparse file takes no room.
        await file.writeFile(Buffer.alloc(ROOM));
        await file.datasync();
      } finally {
        await file.close();
      }
      return true;
    } catch {
      return false;
    } finally {
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }
}
