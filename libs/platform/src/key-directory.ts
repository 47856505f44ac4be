import { hashKey, isScope, sameHash, type Scope } from './auth.js';

/** A key was made. Only its hash is known (SHA-256, 64 hex digits). */
export interface KeyCreated {
  readonly type: 'key.created';
  readonly data: {
    readonly id: string;
    readonly hash: string;
    readonly scopes: readonly Scope[];
    readonly label?: string;
  };
}

/** A key is worth nothing any more, for ever. */
export interface KeyRevoked {
  readonly type: 'key.revoked';
  readonly data: { readonly id: string };
}

export type KeyEvent = KeyCreated | KeyRevoked;

/** What is known of one key. A revocation counts whatever comes before or after it. */
export type KnownKey =
  | {
      readonly status: 'active';
      readonly hash: string;
      readonly scopes: readonly Scope[];
      readonly label?: string;
    }
  | { readonly status: 'revoked' };

/** By key id. */
export type KeyState = ReadonlyMap<string, KnownKey>;

export const NO_KEYS: KeyState = new Map();

/** `key-<id>`. The id holds no dash and says nothing of the key. */
export const keyStream = (id: string): string => `key-${id}`;

/** A key event as the log tells it; `undefined` where it is none, or not in the shape of one. */
export function keyEventOf(type: string, data: unknown): KeyEvent | undefined {
  if (typeof data !== 'object' || data === null || !('id' in data) || typeof data.id !== 'string')
    return undefined;
  const { id } = data;
  if (type === 'key.revoked') return { type, data: { id } };
  if (type !== 'key.created' || !('hash' in data) || !('scopes' in data)) return undefined;
  const { hash, scopes } = data;
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash) || !Array.isArray(scopes)) return undefined;
  const label = 'label' in data && typeof data.label === 'string' ? { label: data.label } : {};
  // A scope of a later version grants nothing here.
  return { type, data: { id, hash, scopes: scopes.filter(isScope), ...label } };
}

/** Folds one event in. */
export function evolveKeys(state: KeyState, event: KeyEvent): KeyState {
  const known = state.get(event.data.id);
  switch (event.type) {
    case 'key.created': {
      if (known !== undefined) return state;
      const { id, ...rest } = event.data;
      return new Map(state).set(id, { status: 'active', ...rest });
    }
    case 'key.revoked':
      return known?.status === 'revoked' ? state : new Map(state).set(event.data.id, { status: 'revoked' });
    default:
      event satisfies never;
      return state;
  }
}

/** Whose key a request came with. */
export interface Caller {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

/** The keys that are accepted now: those of the log, and the ones that were configured. */
export class KeyDirectory {
  #state: KeyState = NO_KEYS;
  readonly #configured: Accepted[] = [];
  /** By the first half of the hash; see `callerOf`. */
  #accepted = new Map<string, Accepted>();

  /** A key from the configuration: accepted from the start, known by no event. */
  admit(key: string, caller: Caller): void {
    this.#configured.push({ hash: hashKey(key), caller });
    this.#index();
  }

  apply(event: KeyEvent): void {
    const state = evolveKeys(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    this.#index();
  }

  /** By key id, for those who administer them. */
  get keys(): KeyState {
    return this.#state;
  }

  /**
   * Who comes with that key; `undefined` where nobody does. Found by the first half of its hash, which nobody can
   * choose a key by, so that its timing tells nothing; the whole is then compared in constant time.
   */
  callerOf(key: string): Caller | undefined {
    const hash = hashKey(key);
    const found = this.#accepted.get(half(hash));
    return found && sameHash(found.hash, hash) ? found.caller : undefined;
  }

  #index(): void {
    const logged = [...this.#state].flatMap(([id, key]): Accepted[] =>
      key.status === 'active' ? [{ hash: key.hash, caller: { id, scopes: key.scopes } }] : [],
    );
    this.#accepted = new Map([...logged, ...this.#configured].map((one) => [half(one.hash), one]));
  }
}

interface Accepted {
  readonly hash: string;
  readonly caller: Caller;
}

const half = (hash: string): string => hash.slice(0, 32);
