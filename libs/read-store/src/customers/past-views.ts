import type { Clocks } from './customer-reads.js';
import type { CustomerRows } from '../sqlite/customer-rows.js';
import type { OpenedLog } from './opened-log.js';
import type { Cut } from '../identity/past-identity.js';
import { pastCustomer, type PastCustomer } from './past-view.js';

const KEPT = 16;

/** Past views, kept for the next page: with both clocks fixed the answer never changes. */
export class PastViews {
  private readonly kept = new Map<string, Promise<PastCustomer | undefined>>();

  constructor(private readonly opened: OpenedLog) {}

  customer(rows: CustomerRows, handle: number, clocks: Clocks): Promise<PastCustomer | undefined> {
    const cut = cutOf(clocks, rows);
    const name = `${handle}/${cut.asOf}/${cut.knownAt}`;
    const known = this.kept.get(name);
    if (known !== undefined) return known;
    const view = pastCustomer(this.opened, rows, handle, cut);
    // What failed is not kept, and what was erased since must not be shown for long: the newest few only.
    view.catch(() => this.kept.delete(name));
    if (this.kept.size >= KEPT) this.kept.clear();
    this.kept.set(name, view);
    return view;
  }

  clear(): void {
    this.kept.clear();
  }
}

/** Where two clocks cut what the models hold. */
export const cutOf = ({ asOf, knownAt }: Clocks, rows: CustomerRows): Cut => ({
  asOf: asOf ?? LATEST,
  knownAt: Math.min(knownAt ?? Infinity, rows.checkpoint()),
});

/** The latest time that a Date can hold. */
const LATEST = 8.64e15 - 1;
