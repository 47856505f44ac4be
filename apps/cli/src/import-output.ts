import { closeSync, openSync, writeSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import type { ImportCounts, ImportListener, ImportSummary, RefusedItem } from './import-run.js';
import { InputError } from './input-files.js';

/** Names every refused item, one JSON object a line: `{item, reason, problems}`. Made anew. Throws `InputError`. */
export class ReportFile {
  private readonly descriptor: number;

  constructor(path: string) {
    try {
      this.descriptor = openSync(path, 'w', 0o600);
    } catch (error) {
      throw new InputError(path, error);
    }
  }

  write({ item, reason, problems }: RefusedItem): void {
    writeSync(this.descriptor, `${JSON.stringify({ item, reason, problems })}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Where an import tells how it goes. */
export interface ImportOutput extends ImportListener {
  /** The last line. */
  end(summary: ImportSummary, details: Details): void;
}

export interface Details {
  readonly dryRun: boolean;
  readonly stopped: boolean;
  readonly seconds: number;
}

const counts = ({ read, accepted, duplicates, refused }: ImportCounts): ImportCounts => ({
  read,
  accepted,
  duplicates,
  refused,
});

/** Refused items that a terminal shows; the rest is in the report. */
const SHOWN = 20;

/** For people: a bar by bytes, the first refusals, a sentence at the end. */
export class TerminalOutput implements ImportOutput {
  private readonly bar = new SingleBar({
    format: '{bar} {percentage}% | {accepted} accepted, {duplicates} known, {refused} refused',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  private shown = 0;
  private going = false;

  constructor(private readonly report: ReportFile | undefined) {}

  started(_files: number, bytes: number): void {
    this.bar.start(Math.max(1, bytes), 0, { accepted: 0, duplicates: 0, refused: 0 });
    this.going = true;
  }

  read(bytes: number): void {
    this.bar.increment(bytes);
  }

  counted(summary: ImportSummary): void {
    if (this.going) this.bar.update({ ...counts(summary) });
  }

  refused(item: RefusedItem): void {
    this.report?.write(item);
    if (++this.shown <= SHOWN) process.stderr.write(`\r\u001b[K${item.item}: ${item.reason}\n`);
  }

  end(summary: ImportSummary, { dryRun, stopped, seconds }: Details): void {
    if (this.going) this.bar.stop();
    if (this.shown > SHOWN) {
      const where =
        this.report === undefined ? '--report <file> names them all' : 'the report names them all';
      console.error(`… and ${this.shown - SHOWN} more were refused: ${where}`);
    }
    const { read, accepted, duplicates, refused, attachmentBytesNotKept: bytes, noted } = summary;
    if (noted > 0)
      console.log(`${noted} events were taken with something missing or cut (told one by one when piped)`);
    if (bytes > 0) console.log(`${bytes} bytes of attachments are described, and not kept yet`);
    const verb = dryRun ? 'would be accepted' : 'accepted';
    const head = stopped ? 'stopped (run it again to go on): ' : '';
    console.log(
      `${head}${read} read: ${accepted} ${verb}, ${duplicates} known already, ${refused} refused, in ${seconds.toFixed(1)} s`,
    );
  }
}

/** For programs: a JSON object a line. The last holds the four counts and nothing else. */
export class NdjsonOutput implements ImportOutput {
  private toldAt = Date.now();

  constructor(private readonly report: ReportFile | undefined) {}

  private line(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  counted(summary: ImportSummary): void {
    if (Date.now() - this.toldAt < 1000) return;
    this.toldAt = Date.now();
    this.line({ progress: counts(summary) });
  }

  refused(item: RefusedItem): void {
    this.report?.write(item);
    this.line({ item: item.item, reason: item.reason, problems: item.problems });
  }

  noted(item: string, note: string): void {
    this.line({ item, note });
  }

  end(summary: ImportSummary, details: Details): void {
    const { files, attachmentBytesNotKept, noted } = summary;
    this.line({ files, attachmentBytesNotKept, noted, ...details });
    this.line(counts(summary));
  }
}
