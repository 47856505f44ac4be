import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Format } from '@threadline/cli/import-run';

/** Files that reach the hub together. */
export interface Delivery {
  /** When it arrives; what is in it may have happened long before. */
  readonly at: string;
  readonly format: Format;
  readonly files: readonly string[];
  /** For `csv` and `jsonl`. */
  readonly map?: string;
  readonly what: string;
}

/** `day.json` of the sample day: what arrives, in its order. */
export interface SampleDay {
  readonly folder: string;
  readonly name: string;
  /** Our own addresses, domains and numbers. */
  readonly own: readonly string[];
  /** What arrives from here on is the evening's. */
  readonly evening: string;
  /** Whose card is shown, and the moment when she stands in the shop. */
  readonly heroine: { readonly kind: string; readonly value: string; readonly tablet: string };
  readonly deliveries: readonly Delivery[];
}

/** Reads a sample day; its paths come back absolute. */
export async function readDay(folder: string): Promise<SampleDay> {
  const day = JSON.parse(await readFile(join(folder, 'day.json'), 'utf8')) as Omit<SampleDay, 'folder'>;
  const deliveries = day.deliveries.map((delivery) => ({
    ...delivery,
    files: delivery.files.map((file) => join(folder, file)),
    ...(delivery.map === undefined ? {} : { map: join(folder, delivery.map) }),
  }));
  return { ...day, folder, deliveries };
}
