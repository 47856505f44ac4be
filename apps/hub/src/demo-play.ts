import { runImport, type RefusedItem } from '@threadline/cli/import-run';
import { ThreadlineError } from '@threadline/platform/errors';
import type { HubApi } from './demo-api.js';
import type { Delivery, SampleDay } from './demo-day.js';

/** Something of the day was refused: the day is at fault, or the hub. */
export class RefusedError extends ThreadlineError {
  constructor(items: readonly RefusedItem[]) {
    const lines = items.map(({ item, reason }) => `  ${item} ${reason}`);
    super(`refused of the day:\n${lines.join('\n')}`, { code: 'refused', retriable: false });
  }
}

/** How a delivery went. */
export interface Delivered {
  readonly accepted: number;
  readonly duplicates: number;
  /** At or after everything in it. */
  readonly position: string;
}

/** Imports one delivery as `threadline import` does. Throws `RefusedError` where anything is refused. */
export async function deliver(api: HubApi, { own }: SampleDay, delivery: Delivery): Promise<Delivered> {
  const { format, files, map } = delivery;
  const refused: RefusedItem[] = [];
  const { accepted, duplicates } = await runImport(
    { format, paths: files, own, ...(map === undefined ? {} : { map }) },
    api,
    { refused: (item) => void refused.push(item) },
  );
  if (refused.length > 0) throw new RefusedError(refused);
  return { accepted, duplicates, position: api.position };
}
