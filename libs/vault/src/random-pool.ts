import { randomFillSync } from 'node:crypto';

/**
 * Random bytes in small pieces: a call of the system's generator costs more than the bytes. A piece is valid until
 * the pool comes round: copy it before the next 16 KiB are taken. Bytes are given once and never again.
 */
export class RandomPool {
  readonly #pool = Buffer.allocUnsafeSlow(16_384);
  #at = this.#pool.length;

  take(length: number): Buffer {
    if (this.#at + length > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const piece = this.#pool.subarray(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  /** Uniform below 2^52, never 0. */
  integer(): number {
    for (;;) {
      const piece = this.take(7);
      const value = piece.readUInt32LE(0) * 0x10_0000 + (piece.readUIntLE(4, 3) & 0xf_ffff);
      if (value !== 0) return value;
    }
  }
}
