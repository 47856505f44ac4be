import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Intake } from '@threadline/channels/intake';
import { DECIDES, INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import { eventId, type Hash } from '@threadline/domain/ids';
import type { IdentityRules } from '@threadline/domain/identity/identity-rules';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { EventGroups } from '@threadline/ingest/event-group';
import { IngestQueue } from '@threadline/ingest/ingest-queue';
import { CustomersModel } from '@threadline/read-store/sqlite/customers-model';
import { CustomersProjector } from '@threadline/read-store/customers-projector';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import {
  CUSTOMERS,
  newModelFile,
  readModels,
  SEARCH,
  switchModels,
} from '@threadline/read-store/sqlite/models';
import type { WorkingCopy } from '@threadline/read-store/redis/take-over';
import { rebuildCustomers } from '@threadline/read-store/rebuild/rebuild-customers';
import type { PlannedChange } from '@threadline/read-store/identity/planned-changes';
import { planRules, type PlanTotals } from '@threadline/read-store/identity/rules-plan';
import { SearchModel } from '@threadline/read-store/search/search-model';
import { SearchProjector } from '@threadline/read-store/search/search-projector';
import type { WordsIndex } from '@threadline/read-store/search/words-index';
import { LiveModels } from '@threadline/read-store/sqlite/live-models';
import { SqliteCustomerReads } from '@threadline/read-store/sqlite/sqlite-customer-reads';
import { verifyModels, type Difference } from '@threadline/read-store/rebuild/verify';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import type { Place } from './reference.js';

/** Every small hub has the same one: two hubs with one master key give the same ids. */
const MASTER_KEY = Buffer.alloc(32, 7);

/** In memory where the machine has such a folder: no property here is about the disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Milliseconds since 1970. */
interface Clocks {
  readonly now: () => number;
  readonly arrival: () => number;
  readonly recording: () => number;
}

interface Rooms {
  readonly store: SqliteEventStore;
  readonly vault: SqliteVault;
  readonly ingest: IngestQueue;
  readonly customers: CustomersProjector;
  readonly search: SearchProjector;
  readonly reads: SqliteCustomerReads;
  readonly models: LiveModels;
}

/** A projector that stands by. */
export interface StandBy {
  readonly copy: WorkingCopy;
  /** Of its own read model; without words. */
  readonly reads: CustomerReads;
  /** Folds what the log has; so many events at a time, and at most so often. */
  catchUp(batch: number, times?: number): Promise<void>;
  close(): void;
}

interface Beside {
  readonly log: SqliteEventStore;
  readonly vault: SqliteVault;
  readonly words: () => WordsIndex;
  readonly now: () => number;
}

/** The road from a request's body to the reads, in this thread and on a folder of its own: every room is the real one. */
export class SmallHub {
  readonly #folder: string;
  readonly #now: () => number;
  /** The recording clock: a quarter of a second an append. */
  #ticks = 0;
  /** Milliseconds by which what is sent now arrives after `now`. */
  lateness = 0;
  #opened: Rooms | undefined;

  private constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** `now` is the clock of who reads, and of what arrives. */
  static async open(now: () => number): Promise<SmallHub> {
    const hub = new SmallHub(mkdtempSync(join(PLACE, 'threadline-rules-')), now);
    hub.#opened = await hub.#open();
    return hub;
  }

  async #open(): Promise<Rooms> {
    return openRooms(this.#folder, {
      now: this.#now,
      arrival: () => this.#now() + this.lateness,
      recording: () => this.#now() + this.#ticks++ * 250,
    });
  }

  get #rooms(): Rooms {
    if (this.#opened === undefined) throw new Error('the hub is closed');
    return this.#opened;
  }

  get reads(): CustomerReads {
    return this.#rooms.reads;
  }

  get #words(): LiveModels {
    return this.#rooms.models;
  }

  readonly hash: Hash = (...parts) => this.#rooms.vault.hash(...parts);

  /** As a request with that body and a key with `admin` would be answered: one event alone is no batch. */
  post(
    events: readonly CloudEventJson[],
    form: 'single' | 'batch' = events.length === 1 ? 'single' : 'batch',
  ): Promise<EventsAnswer> {
    const [body, type] =
      form === 'single'
        ? [events[0], 'application/cloudevents+json']
        : [events, 'application/cloudevents-batch+json'];
    return this.#rooms.ingest.submit({
      topic: INBOUND,
      headers: { 'content-type': type, [DECIDES]: 'true' },
      body: Buffer.from(JSON.stringify(body)),
    });
  }

  /** Called after each batch with the read model that it was folded into. */
  afterBatch: (copy: WorkingCopy) => Promise<unknown> = () => Promise.resolve();

  /** What another process that reads would have beside the read model: a log, a vault, a search index. */
  beside(): Beside {
    const { store, vault } = this.#rooms;
    return { log: store, vault, words: () => this.#words.search, now: this.#now };
  }

  /** Folds everything that the log has; so many events at a time, and at most so often. */
  async catchUp(batch = 500, times = Infinity): Promise<void> {
    const { store, customers, search } = this.#rooms;
    for (let time = 0; time < times; time++) {
      const events = store.after(this.checkpoint, batch);
      const last = events.at(-1);
      if (last === undefined) return;
      await customers.project(events, last.position);
      await search.project(events, last.position);
      await this.afterBatch(this.#copy(customers));
    }
  }

  #copy(customers: CustomersProjector): WorkingCopy {
    return {
      model: customers.model,
      redrive: (stream) => customers.redrive(stream),
      head: () => this.#rooms.store.headPosition(),
    };
  }

  /** Another projector's own read model of the same log, which has folded nothing yet. */
  standBy(): StandBy {
    const { store, vault } = this.#rooms;
    const folder = mkdtempSync(join(PLACE, 'threadline-stand-by-'));
    const files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
    switchModels(folder, files);
    const model = new CustomersModel(join(folder, files[CUSTOMERS]));
    new SearchModel(join(folder, files[SEARCH])).close();
    const customers = new CustomersProjector(model, store, vault, this.#now);
    const models = new LiveModels(folder);
    const reads = new SqliteCustomerReads({ folder, log: store, vault, now: this.#now, models });
    return {
      reads,
      copy: this.#copy(customers),
      catchUp: async (batch, times = Infinity) => {
        for (let time = 0; time < times; time++) {
          const events = store.after(model.checkpoint, batch);
          const last = events.at(-1);
          if (last === undefined) return;
          await customers.project(events, last.position);
        }
      },
      close: () => {
        reads.close();
        model.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }

  /** Says that a batch came, though none did. */
  async nudge(): Promise<void> {
    await this.afterBatch(this.#copy(this.#rooms.customers));
  }

  /** Up to where everything is folded. */
  get checkpoint(): number {
    return this.#rooms.customers.model.checkpoint;
  }

  /** Builds the model of the customers anew, up to where it is folded now, switches to it and goes on with it. */
  async rebuild(): Promise<void> {
    const { store: log, vault } = this.#rooms;
    const file = newModelFile(this.#folder, CUSTOMERS);
    const path = join(this.#folder, file);
    const upTo = this.checkpoint;
    // Every other time most of it does not fit into memory, and is read again.
    await rebuildCustomers({
      path,
      log,
      vault,
      upTo,
      now: this.#now,
      ...(upTo % 2 === 1 && { keep: 2_000 }),
    });
    switchModels(this.#folder, { [CUSTOMERS]: file });
    await this.reopen();
  }

  /** What `threadline verify` finds: nothing, where the read models are what the log says. */
  async verify(): Promise<Difference[]> {
    const { store: log, vault } = this.#rooms;
    const differences: Difference[] = [];
    const onDifference = (difference: Difference): void => void differences.push(difference);
    await verifyModels({ folder: this.#folder, log, vault, now: this.#now, onDifference });
    return differences;
  }

  /** What other rules would change, as `threadline identity plan` tells it. */
  async plan(rules: IdentityRules): Promise<{ totals: PlanTotals; changes: PlannedChange[] }> {
    const { store: log, vault } = this.#rooms;
    const { totals, changes } = await planRules({ log, vault, rules });
    const told: PlannedChange[] = [];
    for await (const change of changes()) told.push(change);
    return { totals, changes: told };
  }

  /** The whole log, in its order. */
  log(): RecordedEvent[] {
    return this.#rooms.store.after(0, 1_000_000);
  }

  /** Where each event lies, by our id of it. */
  places(): Map<string, Place> {
    return new Map(this.log().map(({ id, position, recordedAt }) => [id, { position, recordedAt }]));
  }

  /** Where these would lie, by our id of each, if nothing else had ever been sent. */
  placesOf(events: readonly CloudEventJson[]): Map<string, Place> {
    return new Map(
      events.map(({ source, id }, index) => [
        eventId(this.hash, source, id),
        { position: index + 1, recordedAt: this.#now() },
      ]),
    );
  }

  placeOf({ source, id }: CloudEventJson): Place {
    const place = this.places().get(eventId(this.hash, source, id));
    if (place === undefined) throw new RangeError(`the log has no ${id} of ${source}`);
    return place;
  }

  /** Destroys the key of a party; false where there is none. */
  async forget(party: string): Promise<boolean> {
    const { vault, reads } = this.#rooms;
    const [handle] = await vault.find([party]);
    const gone = handle !== undefined && (await vault.destroy(handle));
    reads.refresh();
    return gone;
  }

  files(): [name: string, content: Buffer][] {
    return readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))]);
  }

  /** As after a restart. */
  async reopen(): Promise<void> {
    await closeRooms(this.#rooms);
    this.#opened = await this.#open();
  }

  async close(): Promise<void> {
    await closeRooms(this.#rooms);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function openRooms(folder: string, { now, arrival, recording }: Clocks): Promise<Rooms> {
  const store = await SqliteEventStore.open({ folder, clock: recording });
  const vault = await SqliteVault.open({ folder, masterKey: MASTER_KEY });
  const intake = new Intake({ hash: (...parts) => vault.hash(...parts) });
  // Whoever sends is told of what fails: nothing has to be reported besides.
  const ingest = new IngestQueue({
    groups: new EventGroups(store, vault),
    intake,
    clock: arrival,
    unforeseen: () => undefined,
  });
  let models = readModels(folder);
  if (models[CUSTOMERS] === undefined) {
    models = switchModels(folder, {
      [CUSTOMERS]: newModelFile(folder, CUSTOMERS),
      [SEARCH]: newModelFile(folder, SEARCH),
    });
  }
  const file = (model: string): string => join(folder, models[model]?.live ?? '');
  const customers = new CustomersProjector(new CustomersModel(file(CUSTOMERS)), store, vault, now);
  const search = new SearchProjector(new SearchModel(file(SEARCH)), vault);
  const live = new LiveModels(folder);
  return {
    store,
    vault,
    ingest,
    customers,
    search,
    reads: new SqliteCustomerReads({ folder, log: store, vault, now, models: live }),
    models: live,
  };
}

async function closeRooms({ store, vault, ingest, customers, search, reads }: Rooms): Promise<void> {
  await ingest.idle();
  reads.close();
  customers.model.close();
  search.model.close();
  await store.close();
  await vault.close();
}
