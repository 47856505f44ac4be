import type { Clocks } from './customer-reads.js';
import type { Cut } from '../identity/identity-rows.js';
import type { CustomerRows } from './customer-rows.js';
import { pastCustomer, type PastCustomer } from './past-view.js';
import type { View } from './view.js';

const KEPT = 16;

/** Past views, kept for the next page: with both clocks fixed the answer never changes. */
export class PastViews {
  private readonly kept = new Map<string, Promise<PastCustomer | undefined>>();

  async customer(view: View, handle: number, clocks: Clocks): Promise<PastCustomer | undefined> {
    const cut = await cutOf(clocks, view.rows);
    const name = `${handle}/${cut.asOf}/${cut.knownAt}`;
    const known = this.kept.get(name);
    if (known !== undefined) return known;
    const past = pastCustomer(view, handle, cut);
    // What failed is not kept, and what was erased since must not be shown for long: the newest few only.
    past.catch(() => this.kept.delete(name));
    if (this.kept.size >= KEPT) this.kept.clear();
    this.kept.set(name, past);
    return past;
  }

  clear(): void {
    this.kept.clear();
  }
}

/** Where two clocks cut what the models hold. */
export const cutOf = async ({ asOf, knownAt }: Clocks, rows: CustomerRows): Promise<Cut> => ({
  asOf: asOf ?? LATEST,
  knownAt: Math.min(knownAt ?? Infinity, await rows.checkpoint()),
});

/** The latest time that a Date can hold. */
const LATEST = 8.64e15 - 1;
