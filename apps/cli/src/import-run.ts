import { readFile } from 'node:fs/promises';
import { importCloudEvents } from '@threadline/channels/cloudevents';
import { importEml } from '@threadline/channels/email/eml';
import { importMbox } from '@threadline/channels/email/mbox';
import type { Imported, Importer, ImportOptions, ImportProblem } from '@threadline/channels/imported';
import { OwnAddresses } from '@threadline/channels/own-addresses';
import { importVcon } from '@threadline/channels/phone/vcon';
import { importCsv } from '@threadline/channels/table/csv';
import { importJsonl } from '@threadline/channels/table/jsonl';
import { compileMapping, MappingError, type Mapping } from '@threadline/channels/table/mapping';
import type { Json } from '@threadline/domain/canonical-json';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { EventSender, type Settled } from './event-sender.js';
import type { HubClient } from './hub-client.js';
import { InputError, inputFiles, type InputFile } from './input-files.js';

export const FORMATS = ['eml', 'mbox', 'vcon', 'cloudevents', 'csv', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

/** Formats that say nothing without a mapping. */
export const isMapped = (format: Format): boolean => format === 'csv' || format === 'jsonl';

export interface ImportSettings {
  readonly format: Format;
  readonly paths: readonly string[];
  readonly own?: readonly string[];
  /** Path of the mapping file; needed for csv and jsonl. */
  readonly map?: string;
  readonly source?: string;
  readonly country?: string;
  /** Default `backfill`: original times, no reactions, no live push. */
  readonly mode?: 'backfill' | 'live';
  /** Events of one request; default 500. */
  readonly batch?: number;
}

/** An item that is not in the hub, and why. */
export interface RefusedItem {
  readonly item: string;
  readonly reason: string;
  readonly problems: readonly ImportProblem[];
}

/** `read` is the sum of the other three: what was read and not answered for yet is not in it. */
export interface ImportCounts {
  read: number;
  accepted: number;
  duplicates: number;
  refused: number;
}

export interface ImportSummary extends ImportCounts {
  files: number;
  attachmentBytesNotKept: number;
  /** Events of which a note was told. */
  noted: number;
}

/** Who wants to know how it goes. */
export interface ImportListener {
  /** Once, before the first file: bytes on the disk, 0 where nobody knows. */
  started?(files: number, bytes: number): void;
  read?(bytes: number): void;
  counted?(summary: Readonly<ImportSummary>): void;
  refused?(item: RefusedItem): void;
  noted?(item: string, note: string): void;
}

const BATCH = 500;
const CONCURRENCY = 4;

/** How long requests under way may take once somebody wants to stop, milliseconds. */
const LAST_ANSWERS = 10_000;

/**
 * Reads everything and sends it. Stopped by `signal` it sends no more, waits for what is under way, and answers with
 * what was settled: run again, it goes on, because what is there already counts as a duplicate. Without `hub` nothing is
 * sent, and what would be counts as accepted. Throws `InputError`, `MappingError` and what `HubClient` throws; then
 * `listener.counted` has the last word on what was settled.
 */
export async function runImport(
  settings: ImportSettings,
  hub: HubClient | undefined,
  listener: ImportListener = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ImportSummary> {
  const importer = await importerOf(settings);
  const files = await inputFiles(settings.paths);
  const options: ImportOptions = {
    own: new OwnAddresses(settings.own ?? []),
    ...(settings.source === undefined ? {} : { source: settings.source }),
    ...(settings.country === undefined ? {} : { country: settings.country }),
  };
  const summary: ImportSummary = {
    ...{ read: 0, accepted: 0, duplicates: 0, refused: 0 },
    ...{ files: files.length, attachmentBytesNotKept: 0, noted: 0 },
  };
  const settled = ({ accepted, duplicates, refused }: Settled): void => {
    summary.accepted += accepted;
    summary.duplicates += duplicates;
    summary.refused += refused.length;
    summary.read += accepted + duplicates + refused.length;
    for (const item of refused) listener.refused?.(item);
    listener.counted?.(summary);
  };
  const impatience = new AbortController();
  const sender =
    hub === undefined
      ? undefined
      : new EventSender(hub, {
          mode: settings.mode ?? 'backfill',
          batch: settings.batch ?? BATCH,
          concurrency: CONCURRENCY,
          settled,
          signal: impatience.signal,
        });
  listener.started?.(
    files.length,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  try {
    for (const file of files) {
      if (signal.aborted) break;
      await importFile(file);
    }
    if (!signal.aborted) await sender?.drain();
  } finally {
    const timer = setTimeout(() => impatience.abort(new Error('stopped')), LAST_ANSWERS);
    await sender?.settle();
    clearTimeout(timer);
  }
  return summary;

  async function importFile(file: InputFile): Promise<void> {
    const input = file.open((bytes) => listener.read?.(bytes));
    const items = importer(input, options);
    // Standard input may have nothing to say for a long time: stopping does not wait for it. No Promise.race: every
    // call of it would hang one more reaction on a promise that lives as long as the import.
    let stop = (): void => undefined;
    const stopped = (): void => stop();
    signal.addEventListener('abort', stopped, { once: true });
    const following = (): Promise<IteratorResult<Imported> | undefined> =>
      new Promise((resolve) => {
        stop = () => resolve(undefined);
        items.next().then(resolve, (error: unknown) => {
          resolve(undefined);
          if (signal.aborted) return;
          const reason = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
          settled({ accepted: 0, duplicates: 0, refused: [{ item: file.name, reason, problems: [] }] });
        });
      });
    for (;;) {
      const next = await following();
      if (signal.aborted) {
        void items.return(undefined);
        input.close();
        return;
      }
      if (next === undefined || next.done === true) {
        signal.removeEventListener('abort', stopped);
        return;
      }
      const imported = next.value;
      if (imported.kind === 'refused') {
        const { item, reason, problems } = imported;
        settled({ accepted: 0, duplicates: 0, refused: [{ item, reason, problems }] });
        continue;
      }
      if (imported.notes.length > 0) summary.noted++;
      for (const note of imported.notes) listener.noted?.(imported.item, note);
      summary.attachmentBytesNotKept += imported.attachmentBytes;
      if (sender === undefined) settled({ accepted: 1, duplicates: 0, refused: [] });
      else await sender.add(imported);
    }
  }
}

async function importerOf({ format, map, source }: ImportSettings): Promise<Importer> {
  switch (format) {
    case 'eml':
      return importEml;
    case 'mbox':
      return importMbox;
    case 'vcon':
      return importVcon;
    case 'cloudevents':
      return importCloudEvents;
    case 'csv':
      return importCsv(await mappingOf(map ?? '', source));
    case 'jsonl':
      return importJsonl(await mappingOf(map ?? '', source));
  }
}

/** The mapping file is wrong: every mistake is in the message. Exit code 78. */
export class MappingFileError extends ThreadlineError {
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`, { code: 'bad-mapping', retriable: false, exitCode: EXIT.configuration });
  }
}

async function mappingOf(path: string, source: string | undefined): Promise<Mapping> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new InputError(path, error);
  }
  try {
    return compileMapping(JSON.parse(text.replace(/^\uFEFF/, '')) as Json, source);
  } catch (error) {
    if (error instanceof MappingError) throw new MappingFileError(path, error.message);
    throw new MappingFileError(
      path,
      `is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
