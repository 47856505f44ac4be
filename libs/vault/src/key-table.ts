const KEY = 32;

/**
 * Keys of 32 bytes by handle, outside the reach of the garbage collector: 80 bytes each, where a KeyObject and what goes
 * with it takes a kilobyte. For who goes through everybody's keys. What is full is emptied.
 */
export class KeyTable {
  #handles = new Float64Array(1024);
  #keys = Buffer.alloc(1024 * KEY);
  #size = 0;

  constructor(private readonly limit: number) {}

  /** Valid until the next `set`. */
  get(handle: number): Buffer | undefined {
    const slot = this.#slot(handle);
    return this.#handles[slot] === handle ? this.#keys.subarray(slot * KEY, (slot + 1) * KEY) : undefined;
  }

  set(handle: number, key: Uint8Array): void {
    if (this.#size >= this.limit) this.clear();
    if (this.#size * 2 >= this.#handles.length) this.#grow();
    const slot = this.#slot(handle);
    if (this.#handles[slot] !== handle) this.#size++;
    this.#handles[slot] = handle;
    this.#keys.set(key, slot * KEY);
  }

  clear(): void {
    this.#handles.fill(0);
    this.#keys.fill(0);
    this.#size = 0;
  }

  /** Where the handle is, or has room. Handles are random and never 0: their lower bits are as good as a hash. */
  #slot(handle: number): number {
    const mask = this.#handles.length - 1;
    let slot = (handle >>> 0) & mask;
    while (this.#handles[slot] !== 0 && this.#handles[slot] !== handle) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [handles, keys] = [this.#handles, this.#keys];
    this.#handles = new Float64Array(handles.length * 2);
    this.#keys = Buffer.alloc(keys.length * 2);
    handles.forEach((handle, from) => {
      if (handle === 0) return;
      const slot = this.#slot(handle);
      this.#handles[slot] = handle;
      this.#keys.set(keys.subarray(from * KEY, (from + 1) * KEY), slot * KEY);
    });
  }
}
