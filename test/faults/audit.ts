import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson, type JsonObject } from '@threadline/domain/canonical-json';
import { contentOf } from '@threadline/domain/interaction';
import type { HubProcess } from './hub-process.js';
import { nameOf, type Ledger } from './ledger.js';
import { send } from './load.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** What a hub is worth after a fault: everything but `acknowledged` and `events` has to be 0. */
export interface Audit {
  readonly acknowledged: number;
  /** In the log. */
  readonly events: number;
  /** Acknowledged, and not in the log, or not as it was sent. */
  readonly lost: number;
  /** In the log more than once, never sent, or accepted again when it was sent again. */
  readonly doubled: number;
  /** Rows in which the live read models differ from an independent replay of the log. */
  readonly drift: number;
  /** What is wrong, a line each; the first few. */
  readonly findings: readonly string[];
}

/** Events in one request when the whole ledger is sent again. */
const BATCH = 200;

/** Holds a hub that is ready and idle against the ledger. */
export async function audit(hub: HubProcess, ledger: Ledger): Promise<Audit> {
  const findings = [
    ...ledger.refusals.map((text) => `refused: ${text}`),
    ...ledger.failures.map((text) => `failed: ${text}`),
  ];
  const before = await compareLog(hub, ledger, findings);
  const again = await sendAgain(hub, ledger, findings);
  const after = await compareLog(hub, ledger, findings);
  const drift = await verify(hub, findings);
  return {
    acknowledged: ledger.acknowledged,
    events: after.events,
    lost: Math.max(before.lost, after.lost) + ledger.refusals.length,
    doubled: Math.max(before.doubled, after.doubled) + again,
    drift,
    findings: [...new Set(findings)].slice(0, 12),
  };
}

export interface LogEvent extends JsonObject {
  source: string;
  id: string;
  type: string;
  threadlineposition: string;
}

interface Compared {
  readonly events: number;
  readonly lost: number;
  readonly doubled: number;
}

/** `/v1/events` against the ledger. */
async function compareLog(hub: HubProcess, ledger: Ledger, findings: string[]): Promise<Compared> {
  return compareEvents(await logOf(() => hub.get('/v1/events?format=ndjson')), ledger, findings);
}

/** The log as `/v1/events?format=ndjson` gives it. */
export async function logOf(ask: () => Promise<Response>): Promise<LogEvent[]> {
  const response = await ask();
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET /v1/events: ${response.status} ${text}`);
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as LogEvent);
}

/** What the log has against the ledger. */
export function compareEvents(events: readonly LogEvent[], ledger: Ledger, findings: string[]): Compared {
  const seen = new Set<string>();
  let doubled = 0;
  let lost = 0;
  for (const event of events) {
    const name = nameOf(event);
    const entry = ledger.find(name);
    const position = Number(event.threadlineposition);
    if (entry === undefined) {
      doubled++;
      findings.push(`${event.id} was never sent`);
    } else if (seen.has(name)) {
      doubled++;
      findings.push(`${event.id} is there twice`);
    } else if (contentOf(event) !== contentOf(entry.event)) {
      lost++;
      findings.push(`${event.id} is not what was sent: ${canonicalJson(event)}`);
    } else if (entry.acknowledged !== undefined && entry.acknowledged < position) {
      lost++;
      findings.push(
        `${event.id} lies at ${position}, after ${entry.acknowledged}, where it was acknowledged`,
      );
    }
    seen.add(name);
  }
  for (const { event, acknowledged } of ledger.entries) {
    if (acknowledged === undefined || seen.has(nameOf(event))) continue;
    lost++;
    findings.push(`${event.id} was acknowledged at ${acknowledged} and is gone`);
  }
  return { events: events.length, lost, doubled };
}

/** Sends everything acknowledged once more: how many were taken for new. What was unknown is settled by the way. */
async function sendAgain(hub: HubProcess, ledger: Ledger, findings: string[]): Promise<number> {
  const known = [...ledger.entries]
    .filter((entry) => entry.acknowledged !== undefined)
    .map(({ event }) => event);
  let revived = 0;
  for (let i = 0; i < known.length; i += BATCH) {
    const events = known.slice(i, i + BATCH);
    const { status, accepted, duplicates } = await send(hub, ledger, events);
    if (accepted > 0) findings.push(`${accepted} acknowledged events were accepted once more`);
    if (status !== 202 || accepted + duplicates !== events.length) {
      findings.push(
        `sent again: ${status}, ${accepted} accepted, ${duplicates} duplicates of ${events.length}`,
      );
    }
    revived += events.length - duplicates;
  }
  const unknown = ledger.unknown;
  for (let i = 0; i < unknown.length; i += BATCH) await send(hub, ledger, unknown.slice(i, i + BATCH));
  return revived;
}

/** `threadline verify` beside the running hub; answers how many rows differ. */
async function verify(hub: HubProcess, findings: string[]): Promise<number> {
  const { code, output } = await threadline(hub.folder, 'verify');
  if (code === 0) return 0;
  findings.push(`threadline verify: exit ${code}: ${output.slice(-600)}`);
  return 1;
}

function threadline(folder: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'apps/cli/bin/threadline.js'), ...args],
      { env: { PATH: process.env['PATH'], THREADLINE_DATA: folder }, timeout: 120_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });
}
