import type { Clocks } from './customer-reads.js';
import type { CustomerRows } from './customer-rows.js';
import type { OpenedLog } from './opened-log.js';
import { pastCustomer, type PastCustomer } from './past-view.js';

const KEPT = 16;

/** Past views, kept for the next page: with both clocks fixed the answer never changes. */
export class PastViews {
  private readonly kept = new Map<string, Promise<PastCustomer | undefined>>();

  constructor(private readonly opened: OpenedLog) {}

  customer(rows: CustomerRows, handle: number, { asOf, knownAt }: Clocks): Promise<PastCustomer | undefined> {
    const clocks = { asOf: asOf ?? LATEST, knownAt: Math.min(knownAt ?? Infinity, rows.checkpoint()) };
    const name = `${handle}/${clocks.asOf}/${clocks.knownAt}`;
    const known = this.kept.get(name);
    if (known !== undefined) return known;
    const view = pastCustomer(this.opened, rows, handle, clocks);
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

/** The latest time that a Date can hold. */
const LATEST = 8.64e15 - 1;
