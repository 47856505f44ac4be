import { firstKeyAt } from '../customers/entry-key.js';

/**
 * How many parts the model is cut into. All keys of a part have one hash tag, and so lie in one slot, on one node: what
 * belongs together is written by one script, and a node that lost its keys lost the part's own key with them.
 */
export const PARTS = 64;

/** What is of the whole model: terms, rules, what is parked, what waits for a person. */
export const WHOLE = 0;

/** Of a party, of a position: where its keys lie. */
export const partOf = (number: number): number => number % PARTS;

/**
 * The keys of one build of the read model. A party and a customer (under the same handle) share a part:
 *
 *     part       build's own        edition (of the part), token, reached (position up to where anything was written)
 *     party      p:<handle>         edition|customer|kind
 *                y:<handle>         edition|summary
 *                t:<handle>         sorted set by bytes: the timeline (`entryMember`)
 *                m:<handle>         set: positions of events that name it in passing
 *                l:<handle>         hash: other/event -> link, at both of its ends
 *                r:<handle>         sorted set by bytes: shared identifiers that it was seen with
 *                x:<handle>         sorted set by bytes: who was seen with it, where it is shared
 *                d:<handle>         set: position,time of decisions that name it
 *     customer   c:<label>          hash: handle -> the party's naming; `v` -> edition
 *                s:<label>          hash: handle -> first,last time on its timeline
 *     decision   e:<position>       what was decided
 *     the whole  g:v, g:terms, g:rules, g:parked, g:reviews
 */
export class Keys {
  private readonly prefixes: readonly string[];

  constructor(
    /** As `name@version`, after the name of the hub. */
    readonly model: string,
    readonly build: string,
  ) {
    this.prefixes = Array.from({ length: PARTS }, (_, part) => `${model}:{${part}}:${build}:`);
  }

  /** Which build is live, and up to where. */
  static pointer(model: string): string {
    return `${model}:live`;
  }

  /** What every key of every build begins with. */
  static allOf(model: string): string {
    return `${model}:{`;
  }

  /** The build that a key of this model is of. */
  buildOf(key: string): string {
    return key.slice(this.model.length).split(':')[2] ?? '';
  }

  part(part: number): string {
    return `${this.prefixes[part]}part`;
  }

  of(kind: string, number: number): string {
    return `${this.prefixes[partOf(number)]}${kind}:${number}`;
  }

  whole(what: 'v' | 'terms' | 'rules' | 'parked' | 'reviews'): string {
    return `${this.prefixes[WHOLE]}g:${what}`;
  }
}

/** Unsigned numbers up to 2^53 in eight bytes that sort as they do. */
export function bytesOf(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, index) => bytes.writeBigUInt64BE(BigInt(number), 8 * index));
  return bytes;
}

export const numberAt = (bytes: Buffer, place: number): number => Number(bytes.readBigUInt64BE(8 * place));

const KEY_BYTES = 24;
const SEVERAL = 2;

/** An entry as it lies in a timeline: key, position, type, channel, flags. 37 bytes. */
export interface EntryMember {
  readonly key: Buffer;
  readonly position: number;
  /** Numbers of `g:terms`. */
  readonly type: number;
  readonly channel: number;
  readonly flags: number;
}

export function entryMember({ key, position, type, channel, flags }: EntryMember): Buffer {
  const member = Buffer.alloc(KEY_BYTES + 13);
  key.copy(member);
  member.writeBigUInt64BE(BigInt(position), KEY_BYTES);
  member.writeUInt16BE(type, KEY_BYTES + 8);
  member.writeUInt16BE(channel, KEY_BYTES + 10);
  member.writeUInt8(flags, KEY_BYTES + 12);
  return member;
}

export const keyOfEntry = (member: Buffer): Buffer => member.subarray(0, KEY_BYTES);
export const positionOfEntry = (member: Buffer): number => Number(member.readBigUInt64BE(KEY_BYTES));
export const isSeveral = (member: Buffer): boolean => (member.readUInt8(KEY_BYTES + 12) & SEVERAL) !== 0;

/** Two bytes, as in an entry. */
export function termBytes(term: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(term);
  return bytes;
}

const OFFSET = 8.64e15;
const WORD = 2 ** 32;

/** The business time of an entry's key, in milliseconds; beyond every time for the bounds of all. */
export const timeOfKey = (key: Uint8Array): number => {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  return bytes.readUInt32BE(0) * WORD + bytes.readUInt32BE(4) - OFFSET;
};

/** A time in eight bytes that sort as times do. */
export const timeBytes = (at: number): Buffer => Buffer.from(firstKeyAt(at).subarray(0, 8));
