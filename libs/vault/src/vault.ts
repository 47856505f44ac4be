/**
 * The vault keeps the keys. A party's key is named in the log by a *handle*: a random integer below 2^52 that says
 * nothing without the vault. An interaction whose event names nobody has a key of its own, named the same way.
 */
export type Handle = number;

/** What the vault knows of a live party, opened. */
export interface PartyRecord {
  readonly handle: Handle;
  /** The party's public id (32 hex digits). */
  readonly party: string;
  readonly kind: string;
  /** Normalised. */
  readonly value: string;
}

/** Sealed text: AES-256-GCM, base64 of iv (12) ‖ ciphertext ‖ tag (16). */
export type Box = string;

/** A party to be found or made, by its identifier; `party` is `partyId(hash, kind, value)`. */
export interface PartyRequest {
  readonly party: string;
  readonly kind: string;
  readonly value: string;
}

/** Keys at hand. Synchronous, so that a batch costs one round trip and not one per box. */
export interface Keyring {
  /** `context` (the event's id and the part's name) is authenticated: a box moved elsewhere does not open. */
  seal(handle: Handle, context: string, text: string): Box;
  /** `undefined` where the key is gone; throws `DamagedBoxError` where the box does not match its key or context. */
  open(handle: Handle, context: string, box: Box): string | undefined;
  /** Who it is; `undefined` where the key is gone, never was, or is an interaction's. */
  party(handle: Handle): PartyRecord | undefined;
}

/**
 * Guarantees, each proven by the contract suite: a key that `commit` has answered for is durable; a destroyed key
 * stays destroyed (the same party asked for again gets a new handle, and what was sealed before stays shut).
 */
export interface Vault {
  /** The handle of each, made where it is missing; not durable before `commit`. The same party twice gives the same handle. */
  handlesFor(parties: readonly PartyRequest[]): Promise<Handle[]>;
  /** The same for the keys of interactions (32 hex digits each) whose events name nobody. */
  handlesForInteractions(interactions: readonly string[]): Promise<Handle[]>;
  /** Makes durable every key made so far. Costs nothing when there is none. */
  commit(): Promise<void>;
  /** A ring that holds at least these keys (those that still exist). Use it at once: a ring is not kept over an erasure. */
  keys(handles: Iterable<Handle>): Promise<Keyring>;
  /** The handles of parties by their public id; `undefined` where there is none. */
  find(parties: readonly string[]): Promise<(Handle | undefined)[]>;
  /** Destroys the key of that handle, durably; false where there was none. */
  destroy(handle: Handle): Promise<boolean>;
  /**
   * Keyed hash (HMAC-SHA-256 under the naming key) of its parts, which are kept apart: 16 bytes as 32 hex digits.
   * A function of its own: `vault.hash` can be passed on.
   */
  readonly hash: (...parts: string[]) => string;
  close(): Promise<void>;
}
