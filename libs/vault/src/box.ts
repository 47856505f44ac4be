import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { DamagedBoxError } from './errors.js';
import { RandomPool } from './random-pool.js';

const CIPHER = 'aes-256-gcm';
const IV = 12;
const TAG = 16;

/** Random IVs of 96 bits: good for 2^32 boxes a key (NIST SP 800-38D, 8.3), and a key is one party's. */
const ivs = new RandomPool();

/** AES-256-GCM under the key, bound to the context: iv (12) ‖ ciphertext ‖ tag (16). */
export function sealBytes(key: KeyObject, context: string, content: string | Buffer): Buffer {
  const iv = ivs.take(IV);
  const cipher = createCipheriv(CIPHER, key, iv);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const text = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content);
  cipher.final();
  const box = Buffer.allocUnsafe(IV + text.length + TAG);
  box.set(iv, 0);
  box.set(text, IV);
  box.set(cipher.getAuthTag(), IV + text.length);
  return box;
}

/** The reverse. Throws `DamagedBoxError` where the box does not match its key or its context. */
export function openBytes(key: KeyObject, context: string, box: Uint8Array): Buffer {
  if (box.length < IV + TAG) throw new DamagedBoxError(context);
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, IV), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(box.subarray(box.length - TAG));
  const content = decipher.update(box.subarray(IV, box.length - TAG));
  try {
    decipher.final();
  } catch (error) {
    throw new DamagedBoxError(context, error);
  }
  return content;
}
