import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Audit } from './audit.js';
import { killUnder } from './hub-process.js';

/** What a scenario found, over all of its faults. */
export interface Outcome {
  readonly name: string;
  readonly faults: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  readonly drift: number;
  /** Faults after which it took too long until everything was normal, where that is timed. */
  readonly late: number;
  readonly seconds: number;
  /** What is wrong, a line each. */
  readonly findings: readonly string[];
  /** What else there is to say. */
  readonly notes: readonly string[];
}

/** Adds up audits to the outcome of a scenario. */
export class Tally {
  readonly #started = Date.now();
  readonly #findings: string[] = [];
  readonly notes: string[] = [];
  faults = 0;
  late = 0;
  /** In the folders before this one, and in this one. */
  #before = 0;
  #acknowledged = 0;
  #lost = 0;
  #doubled = 0;
  #drift = 0;

  constructor(readonly name: string) {}

  /** `fresh` where the audit is of a folder of its own; else it counts what the audits before it have counted. */
  add(audit: Audit, fresh: 'fresh' | 'same folder', when: string): void {
    if (fresh === 'fresh') this.#before += this.#acknowledged;
    this.#acknowledged = audit.acknowledged;
    this.#lost += audit.lost;
    this.#doubled += audit.doubled;
    this.#drift += audit.drift;
    for (const finding of audit.findings) this.fail(`${when}: ${finding}`);
  }

  fail(finding: string): void {
    if (this.#findings.length < 50) this.#findings.push(finding);
  }

  get clean(): boolean {
    return this.#findings.length === 0;
  }

  outcome(): Outcome {
    return {
      name: this.name,
      faults: this.faults,
      acknowledged: this.#before + this.#acknowledged,
      lost: this.#lost,
      doubled: this.#doubled,
      drift: this.#drift,
      late: this.late,
      seconds: (Date.now() - this.#started) / 1000,
      findings: this.#findings,
      notes: this.notes,
    };
  }
}

/** A data folder that is gone afterwards, with whatever hub still runs on it. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'threadline-faults-'));
  try {
    return await use(join(folder, 'data'));
  } finally {
    await killUnder(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEAD = ['scenario', 'faults', 'acknowledged', 'lost', 'doubled', 'drift', 'seconds'];

/** The outcomes as a table, and below it what was found and noted. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, faults, acknowledged, lost, doubled, drift, seconds }) => [
    name,
    ...[faults, acknowledged, lost, doubled, drift].map(String),
    seconds.toFixed(1),
  ]);
  const sum = (key: 'faults' | 'acknowledged' | 'lost' | 'doubled' | 'drift' | 'seconds'): number =>
    outcomes.reduce((total, outcome) => total + outcome[key], 0);
  rows.push([
    'all',
    ...(['faults', 'acknowledged', 'lost', 'doubled', 'drift'] as const).map((key) => String(sum(key))),
    sum('seconds').toFixed(1),
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  const lines = [line(HEAD), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)];
  for (const { name, notes, findings } of outcomes) {
    for (const note of notes) lines.push(`  ${name}: ${note}`);
    for (const finding of findings) lines.push(`  ✖ ${name}: ${finding}`);
  }
  return lines.join('\n');
}
