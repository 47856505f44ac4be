import { rmSync } from 'node:fs';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import { DEFAULT_RULES, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { contribute, standings } from '@threadline/projections/contribution';
import { emptySummary } from '@threadline/projections/summary';
import { summaryToJson } from '@threadline/projections/summary-json';
import type { Vault } from '@threadline/vault/vault';
import { endBulk, startBulk, syncFile } from './bulk-write.js';
import { CustomersModel } from '../sqlite/customers-model.js';
import { CustomersProjector } from '../customers-projector.js';
import {
  decode,
  interactionOf,
  isOf,
  isOfCustomers,
  isOfInteraction,
  type Decoded,
  type LoggedEvent,
  type Unusable,
} from '../customers/decode.js';
import { EntryTable, type KeptEvent } from './entry-table.js';
import { openRules, UnreadableRulesError } from '../identity/identity-rules-events.js';
import { nextEvents } from '../next-events.js';
import { IdentityScan, resolveLog, type MetParty } from './rebuild-identity.js';
import { IdentityTables } from '../sqlite/identity-tables.js';
import type { LinkRow } from '../identity/identity-rows.js';

type ParkedRow = Parameters<CustomersModel['park']>[0];

const CHUNK = 2_000;
/** Few, so that what was read is garbage before the collector would copy it. */
const SCANNED = 64;

export interface RebuildOptions {
  /** The file to build; what is there is removed. */
  readonly path: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly upTo: number;
  readonly now: () => number;
  /** Bytes of clear fields that are kept in memory at most; default 128 MB. What is beyond is read from the log again. */
  readonly keep?: number;
}

/**
 * Builds the read model `customers` anew from the log up to `upTo`, in a file of its own. `onProgress` is told of every
 * event twice. A log with an event that cannot be read is followed event by event instead: which later events wait for it
 * only their streams can tell.
 */
export async function rebuildCustomers(
  options: RebuildOptions,
  onProgress: (events: number) => void = () => undefined,
): Promise<void> {
  try {
    await build(options, async (model) => {
      const gathered = new GatheredCustomers(options);
      await scanCustomers(options, gathered, onProgress);
      await gathered.write(model, onProgress);
    });
  } catch (error) {
    if (!(error instanceof CorruptEventError)) throw error;
    await build(options, (model) => follow(model, options, onProgress));
  }
}

/** Gathers the events up to `upTo`; `onProgress` is told how many more. */
export async function scanCustomers(
  { log, vault, upTo }: Pick<RebuildOptions, 'log' | 'vault' | 'upTo'>,
  into: GatheredCustomers,
  onProgress: (events: number) => void = () => undefined,
): Promise<void> {
  for (let after = 0; after < upTo;) {
    const recorded = log.after(after, Math.min(SCANNED, upTo - after));
    const last = recorded.at(-1);
    if (last === undefined) break;
    into.add(recorded, await decode(recorded.filter(isOfCustomers), vault));
    onProgress(last.position - after);
    after = last.position;
  }
}

async function build(
  { path, upTo }: RebuildOptions,
  work: (model: CustomersModel) => Promise<void>,
): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const model = new CustomersModel(path);
  try {
    startBulk(model.database);
    await work(model);
    model.checkpoint = upTo;
    endBulk(model.database);
  } finally {
    model.close();
  }
  syncFile(path);
}

/** The way the projector goes. */
async function follow(
  model: CustomersModel,
  { log, vault, upTo, now }: RebuildOptions,
  onProgress: (events: number) => void,
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
    onProgress(events.length);
  }
}

/**
 * The model in the making, in two phases: the log is gone through once in its order, then each party's events are folded in
 * the order of its timeline, so that every row is written once and in the order of its key.
 */
export class GatheredCustomers {
  private readonly table: EntryTable;
  private readonly identity = new IdentityScan();
  private readonly rules: number[] = [];
  private readonly parked: ParkedRow[] = [];
  /** Streams with an event that cannot be used: where it lies. What comes after it waits. */
  private readonly stopped = new Map<string, number>();

  constructor(private readonly options: Pick<RebuildOptions, 'log' | 'vault' | 'upTo' | 'now' | 'keep'>) {
    this.table = new EntryTable(options.keep);
  }

  /** Phase one: what each of the next events says of itself, in typed arrays; parties, links; what has to be parked. */
  add(recorded: readonly RecordedEvent[], { logged, unusable }: Decoded): void {
    if (unusable.length > 0 || this.stopped.size > 0) this.park(recorded, unusable);
    for (const event of recorded) if (isOf('rules', event)) this.rules.push(event.position);
    for (const event of logged)
      if (this.stopped.size === 0 || !this.waits(event.stream, event.position)) this.take(event);
  }

  private waits(stream: string, position: number): boolean {
    const from = this.stopped.get(stream);
    return from !== undefined && position >= from;
  }

  private park(recorded: readonly RecordedEvent[], unusable: readonly Unusable[]): void {
    const reasons = new Map(unusable.map(({ event, reason }) => [event.position, reason]));
    for (const { position, stream, id, type } of recorded) {
      const reason = reasons.get(position);
      const waits = this.stopped.has(stream);
      if (reason === undefined && !waits) continue;
      if (!waits) this.stopped.set(stream, position);
      const at = this.options.now();
      this.parked.push({ position, stream, event: id, type, reason: waits ? null : (reason ?? null), at });
    }
  }

  /** Instead of phase two: what is said of who is who, and how many events are on the timeline of each party. */
  evidence(): { readonly identity: IdentityScan; readonly events: ReadonlyMap<number, number> } {
    this.settle();
    return { identity: this.identity, events: this.table.counts() };
  }

  /** Phase two: the rows. */
  async write(model: CustomersModel, onProgress: (events: number) => void): Promise<void> {
    this.settle();
    model.dropIndexes();
    const rules = await this.rulesInForce(model);
    await this.writeIdentity(model, rules);
    model.transaction(() => {
      for (const row of this.parked) model.park(row);
    });
    await this.writeTimelines(model, onProgress);
    model.makeIndexes();
  }

  private take(event: LoggedEvent): void {
    if (!isOfInteraction(event)) {
      this.identity.takeDecision(event);
      return;
    }
    this.table.add(event, interactionOf(event.stream));
    this.identity.take(event);
  }

  /** Those that were put in force last, as far as they can be read. */
  private async rulesInForce(model: CustomersModel): Promise<IdentityRules> {
    let rules = DEFAULT_RULES;
    for (const event of this.options.log.at(this.rules)) {
      if (event === undefined) continue;
      const { position, stream, id, type } = event;
      try {
        rules = await openRules(event, this.options.vault);
        model.writeRules(position, id);
      } catch (error) {
        if (!(error instanceof UnreadableRulesError)) throw error;
        this.parked.push({
          position,
          stream,
          event: id,
          type,
          reason: error.message,
          at: this.options.now(),
        });
      }
    }
    return rules;
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

  /** Every party in the order of its key, with its customer; links, decisions. */
  private async writeIdentity(model: CustomersModel, rules: IdentityRules): Promise<void> {
    const { identity } = this;
    const links = identity.links();
    const counting = links.map(([first]) => first as LinkRow);
    const resolved = await resolveLog(identity, counting, rules, this.options.vault);
    const changed = this.options.upTo;
    model.transaction(() => {
      for (const handle of [...identity.parties.keys()].sort((a, b) => a - b)) {
        const { kind, naming } = identity.parties.get(handle) as MetParty;
        const customer = resolved.identity.customerOf(handle);
        model.addParty(handle, { kind, blocked: resolved.blocked.has(handle), naming, changed, customer });
      }
      const tables = new IdentityTables(model);
      tables.writeResolved(links, identity.decisions, resolved, rules);
      // In the order of the log: the first is known as early as any.
      identity.relations.sort((x, y) => x.shared - y.shared || x.party - y.party || x.position - y.position);
      for (const relation of identity.relations) tables.keepRelation(relation);
      identity.mentions.sort((x, y) => x.party - y.party || x.position - y.position);
      for (const { party, position } of identity.mentions) model.writeMention(party, position);
    });
    identity.forget();
  }

  /** Each party's events in the order of its timeline. */
  private async writeTimelines(model: CustomersModel, onProgress: (events: number) => void): Promise<void> {
    const order = this.table.order();
    let party: number | undefined;
    let summary = emptySummary();
    for (let from = 0; from < order.length; from += CHUNK) {
      const chunk = order.subarray(from, from + CHUNK);
      const read = await this.readAgain(chunk);
      model.transaction(() => {
        for (const index of chunk) {
          const home = this.table.home(index);
          if (home !== party) {
            if (party !== undefined) model.writeSummary(party, summaryToJson(summary));
            party = home;
            summary = emptySummary();
          }
          const { event, interaction } = this.event(index, read);
          const stands = this.table.stands(index);
          model.writeEntry(this.table.row(index, event));
          contribute(summary, { event, home, stands }, interaction);
        }
      });
      onProgress(chunk.length);
    }
    if (party !== undefined) model.writeSummary(party, summaryToJson(summary));
  }

  private event(index: number, read: ReadonlyMap<number, KeptEvent>): KeptEvent {
    const event = this.table.kept(index) ?? read.get(index);
    if (event === undefined) throw new Error('an event that was scanned cannot be read again');
    return event;
  }

  /** What did not fit into memory, from the log: by index. */
  private async readAgain(chunk: Uint32Array): Promise<Map<number, KeptEvent>> {
    const missing = new Map<number, number>();
    for (const index of chunk) if (!this.table.isKept(index)) missing.set(this.table.position(index), index);
    if (missing.size === 0) return new Map();
    const recorded = this.options.log.at([...missing.keys()]);
    const { logged } = await decode(
      recorded.filter((event) => event !== undefined),
      this.options.vault,
    );
    return new Map(
      logged.map((event) => [
        missing.get(event.position) as number,
        { event, interaction: interactionOf(event.stream) },
      ]),
    );
  }
}
