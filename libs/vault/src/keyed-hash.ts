import { createHmac, hash, type KeyObject } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
/** UTF-16 units of a text that is hashed here; UTF-8 makes at most three bytes of each. */
const LONGEST = 16_384;

/**
 * HMAC-SHA-256 (RFC 2104) under one key, as two one-shot hashes over buffers of its own: half the cost of a Hmac
 * object, and nothing for the garbage collector. Five are made of every event. The key has at most 64 bytes.
 */
export class KeyedHash {
  readonly #key: KeyObject;
  readonly #inner = Buffer.alloc(BLOCK + 3 * LONGEST, 0x36);
  readonly #outer = Buffer.alloc(BLOCK + DIGEST, 0x5c);

  constructor(key: KeyObject) {
    this.#key = key;
    key.export().forEach((byte, i) => {
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    });
  }

  /** 64 lower-case hex digits. */
  hex(text: string): string {
    if (text.length > LONGEST) return createHmac('sha256', this.#key).update(text, 'utf8').digest('hex');
    return this.#digest(BLOCK + this.#inner.write(text, BLOCK, 'utf8'));
  }

  /** The same of bytes, at most 16,384 of them. */
  hexOf(bytes: Uint8Array): string {
    this.#inner.set(bytes, BLOCK);
    return this.#digest(BLOCK + bytes.length);
  }

  #digest(length: number): string {
    this.#outer.write(hash('sha256', this.#inner.subarray(0, length), 'hex'), BLOCK, 'hex');
    return hash('sha256', this.#outer, 'hex');
  }
}

/** `Vault.hash` under that naming key. */
export const namingHash =
  (naming: KeyedHash) =>
  (...parts: string[]): string => {
    let text = '';
    // The lengths keep the parts apart: ('ab', 'c') and ('a', 'bc') differ.
    for (const part of parts) text += `${part.length}:${part}`;
    return naming.hex(text).slice(0, 32);
  };
