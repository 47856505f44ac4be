import { rmSync } from 'node:fs';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog } from '@threadline/event-store/event-store';
import {
  combineNamings,
  contribute,
  namings,
  standings,
  type Naming,
} from '@threadline/projections/contribution';
import { emptySummary } from '@threadline/projections/summary';
import { summaryToJson } from '@threadline/projections/summary-json';
import type { Vault } from '@threadline/vault/vault';
import { CustomersModel, type LinkRow } from './customers-model.js';
import { CustomersProjector, linksOf, mentionsOf } from './customers-projector.js';
import { decode, interactionOf, isInteraction, type LoggedEvent } from './decode.js';
import { EntryTable, type KeptEvent } from './entry-table.js';
import { nextEvents } from './next-events.js';
import { UnionFind } from './union-find.js';

export interface RebuildProgress {
  /** Events done of `total`; each event counts once in each of the two phases. */
  readonly done: number;
  readonly total: number;
}

const CHUNK = 2_000;

export interface RebuildOptions {
  /** The file to build; what is there is removed. */
  readonly path: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly upTo: number;
  readonly now: () => number;
}

/**
 * Builds the read model `customers` anew from the log up to `upTo`, in a file of its own, in two phases: the log is
 * scanned once in its order, then each party's events are folded in the order of its timeline, so that every row is
 * written once and in the order of its key. A log with an event that cannot be read is followed event by event instead:
 * which later events wait for it only their streams can tell.
 */
export async function rebuildCustomers(
  options: RebuildOptions,
  onProgress: (progress: RebuildProgress) => void = () => undefined,
): Promise<void> {
  try {
    await build(options, (model) => new Build(model, options, onProgress).run());
  } catch (error) {
    if (!(error instanceof CorruptEventError)) throw error;
    await build(options, (model) => follow(model, options, onProgress));
  }
}

async function build(
  { path, upTo }: RebuildOptions,
  work: (model: CustomersModel) => Promise<void>,
): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const model = new CustomersModel(path);
  try {
    model.database.exec('PRAGMA synchronous = OFF;');
    await work(model);
    model.checkpoint = upTo;
    model.database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(TRUNCATE);');
  } finally {
    model.close();
  }
}

/** The way the projector goes. */
async function follow(
  model: CustomersModel,
  { log, vault, upTo, now }: RebuildOptions,
  onProgress: (progress: RebuildProgress) => void,
): Promise<void> {
  const projector = new CustomersProjector(model, log, vault, now);
  for (let after = 0; after < upTo;) {
    const events = nextEvents(log, after, Math.min(CHUNK, upTo - after));
    if (events instanceof CorruptEventError) {
      projector.parkCorrupt(events);
      after = events.position;
      continue;
    }
    after = events.at(-1)?.position ?? upTo;
    await projector.project(events, after);
    onProgress({ done: after, total: upTo });
  }
}

class Build {
  private readonly table = new EntryTable();
  private readonly namings = new Map<number, Naming>();
  private readonly links = new Map<string, LinkRow>();
  private readonly customers = new UnionFind();
  private readonly mentions: { party: number; position: number }[] = [];
  private done = 0;

  constructor(
    private readonly model: CustomersModel,
    private readonly options: RebuildOptions,
    private readonly onProgress: (progress: RebuildProgress) => void,
  ) {}

  async run(): Promise<void> {
    const { model } = this;
    model.database.exec('DROP INDEX parties_by_customer; DROP INDEX links_by_b;');
    await this.scan();
    model.transaction(() => this.writeParties());
    await this.writeTimelines();
    model.database.exec(
      'CREATE INDEX parties_by_customer ON parties (customer); CREATE INDEX links_by_b ON links (b);',
    );
  }

  private progress(events: number): void {
    this.done += events;
    this.onProgress({ done: this.done, total: 2 * this.options.upTo });
  }

  /** Phase one: what each event says of itself, in typed arrays; parties, links; what has to be parked. */
  private async scan(): Promise<void> {
    const { log, upTo } = this.options;
    const stopped = new Set<string>();
    for (let after = 0; after < upTo;) {
      const recorded = log.after(after, Math.min(CHUNK, upTo - after));
      const last = recorded.at(-1);
      if (last === undefined) break;
      after = last.position;
      const { logged, unusable } = await decode(
        recorded.filter(({ stream }) => isInteraction(stream)),
        this.options.vault,
      );
      const reasons = new Map(unusable.map(({ event, reason }) => [event.position, reason]));
      if (reasons.size > 0 || stopped.size > 0) {
        this.park(recorded, reasons, stopped);
      }
      for (const event of logged) if (stopped.size === 0 || !this.isParked(event, stopped)) this.take(event);
      this.progress(recorded.length);
    }
    this.settle();
  }

  private readonly parkedAt = new Map<string, number>();

  private isParked({ stream, position }: LoggedEvent, stopped: ReadonlySet<string>): boolean {
    return stopped.has(stream) && position >= (this.parkedAt.get(stream) ?? 0);
  }

  private park(
    recorded: readonly { position: number; stream: string; id: string; type: string }[],
    reasons: ReadonlyMap<number, string>,
    stopped: Set<string>,
  ): void {
    this.model.transaction(() => {
      for (const { position, stream, id, type } of recorded) {
        const reason = reasons.get(position);
        const waits = stopped.has(stream);
        if (reason === undefined && !waits) continue;
        if (!waits) {
          stopped.add(stream);
          this.parkedAt.set(stream, position);
        }
        const at = this.options.now();
        this.model.park({ position, stream, event: id, type, reason: waits ? null : (reason ?? null), at });
      }
    });
  }

  private take(event: LoggedEvent): void {
    this.table.add(event, interactionOf(event.stream));
    if (event.parties.length === 0) return;
    for (const [handle, naming] of namings(event)) this.meet(handle, naming);
    if (event.parties.length === 1) return;
    const joined = linksOf(event);
    for (const party of mentionsOf(event, joined)) this.mentions.push({ party, position: event.position });
    for (const link of joined) {
      const pair = `${link.a}/${link.b}`;
      const known = this.links.get(pair);
      if (known === undefined || isBetter(link, known)) this.links.set(pair, link);
      this.customers.join(link.a, link.b);
    }
  }

  private meet(handle: number, naming: Naming): void {
    const known = this.namings.get(handle);
    this.namings.set(handle, known === undefined ? naming : combineNamings(known, naming));
  }

  /** Homes and versions in interactions of more than one event. */
  private settle(): void {
    for (const group of this.table.groups()) {
      const events = group.map((index) => this.table.event(index));
      standings(events).forEach(({ home, stands }, place) =>
        this.table.settle(group[place] as number, home, stands),
      );
    }
  }

  /** Every party in the order of its key, with its customer. */
  private writeParties(): void {
    for (const handle of [...this.namings.keys()].sort((a, b) => a - b)) {
      const naming = this.namings.get(handle) as Naming;
      this.model.writeParty(handle, {
        customer: this.customers.find(handle),
        naming,
        changed: this.options.upTo,
      });
    }
    const inOrder = [...this.links.values()].sort((x, y) => x.a - y.a || x.b - y.b);
    for (const link of inOrder) this.model.writeLink(link);
    this.mentions.sort((x, y) => x.party - y.party || x.position - y.position);
    for (const { party, position } of this.mentions) this.model.writeMention(party, position);
    this.namings.clear();
    this.links.clear();
  }

  /** Phase two: each party's events in the order of its timeline. */
  private async writeTimelines(): Promise<void> {
    const order = this.table.order();
    let party: number | undefined;
    let summary = emptySummary();
    for (let from = 0; from < order.length; from += CHUNK) {
      const chunk = order.subarray(from, from + CHUNK);
      const events = await this.events(chunk);
      this.model.transaction(() => {
        chunk.forEach((index, place) => {
          const home = this.table.home(index);
          if (home !== party) {
            if (party !== undefined) this.model.writeSummary(party, summaryToJson(summary));
            party = home;
            summary = emptySummary();
          }
          const { event, interaction } = events[place] as KeptEvent;
          const stands = this.table.stands(index);
          this.model.writeEntry(this.table.row(index, event));
          contribute(summary, { event, home, stands }, interaction);
        });
      });
      this.progress(chunk.length);
    }
    if (party !== undefined) this.model.writeSummary(party, summaryToJson(summary));
  }

  /** From memory, or what did not fit there from the log. */
  private async events(chunk: Uint32Array): Promise<KeptEvent[]> {
    const kept = Array.from(chunk, (index) => this.table.kept(index));
    const missing = Array.from(chunk).filter((_, place) => kept[place] === undefined);
    if (missing.length === 0) return kept as KeptEvent[];
    const recorded = this.options.log.at(missing.map((index) => this.table.position(index)));
    const { logged } = await decode(
      recorded.filter((event) => event !== undefined),
      this.options.vault,
    );
    const read = new Map(logged.map((event) => [event.position, event]));
    return Array.from(chunk, (index, place) => {
      const known = kept[place];
      if (known !== undefined) return known;
      const event = read.get(this.table.position(index));
      if (event === undefined) throw new Error('an event that was scanned cannot be read again');
      return { event, interaction: interactionOf(event.stream) };
    });
  }
}

const isBetter = (a: LinkRow, b: LinkRow): boolean =>
  a.strength !== b.strength ? a.strength < b.strength : a.at !== b.at ? a.at < b.at : a.event < b.event;
