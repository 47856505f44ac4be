import { join } from 'node:path';
import { IdentityGraph } from '@threadline/domain/identity/identity-graph';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { CustomersModel } from '@threadline/read-store/sqlite/customers-model';
import { SqliteIdentityStore } from '@threadline/read-store/sqlite/sqlite-identity-store';
import type { LinkRow } from '@threadline/read-store/identity/identity-rows';
import { IdentityTables } from '@threadline/read-store/sqlite/identity-tables';
import { percentile, type Figure } from './figures.js';

/** Parties of one customer in the throughput figure. */
const CUSTOMER = 10;
const BATCH = 1_000;

/** The tables of identity, and the graph that keeps them. */
class Links {
  readonly model: CustomersModel;
  readonly graph: IdentityGraph;
  private readonly tables: IdentityTables;
  private position = 0;

  constructor(folder: string) {
    this.model = new CustomersModel(join(folder, 'customers.db'));
    this.tables = new IdentityTables(this.model);
    this.graph = new IdentityGraph(new SqliteIdentityStore(this.model), DEFAULT_RULES);
  }

  party(handle: number, kind: string): void {
    const naming = { strength: 1, first: handle, name: null, shown: null, named: 0 };
    this.model.addParty(handle, { kind, blocked: false, naming, changed: 0 });
  }

  link(a: number, b: number): void {
    const position = ++this.position;
    const [x, y] = a < b ? [a, b] : [b, a];
    const link: LinkRow = {
      a: x,
      b: y,
      strength: 1,
      at: position,
      event: `e${position}`,
      place: 1,
      position,
    };
    if (this.tables.keep(link)) this.graph.addLink(link);
  }

  decide(parties: readonly number[]): void {
    const decision = { event: `d${++this.position}`, at: this.position, parties };
    this.tables.writeDecision(this.position, decision);
    this.graph.addDecision(decision);
  }

  close(): void {
    this.model.close();
  }
}

/** New links between `parties` parties, as the projector takes them: in transactions of a thousand. */
export function linkThroughput(folder: string, parties: number, raw: number): Figure {
  const links = new Links(folder);
  try {
    for (let from = 0; from < parties; from += BATCH) {
      links.model.transaction(() => {
        for (let party = from; party < Math.min(parties, from + BATCH); party++)
          links.party(party, party % CUSTOMER === 0 ? 'user' : 'anonymous');
      });
    }
    // Neighbours in time are strangers, as visitors come.
    const customers = Math.floor(parties / CUSTOMER);
    const pairs = Array.from({ length: customers * (CUSTOMER - 1) }, (_, index): [number, number] => {
      const user = ((index * 7_919) % customers) * CUSTOMER;
      return [user, user + 1 + Math.floor(index / customers)];
    });
    const began = performance.now();
    for (let from = 0; from < pairs.length; from += BATCH) {
      links.model.transaction(() => {
        for (const [user, other] of pairs.slice(from, from + BATCH)) links.link(user, other);
      });
    }
    const value = (pairs.length / (performance.now() - began)) * 1000;
    return {
      name: `new links between ${parties.toLocaleString('en')} parties`,
      events: pairs.length,
      value,
      unit: 'events/s',
      raw,
    };
  } finally {
    links.close();
  }
}

const IDENTIFIERS = 10_000;
const MERGES = 1_000;
const SAMPLES = 100;

/** One more link on a customer of 10,000 identifiers that people merged 1,000 times: a new identifier, and one it has. */
export function linksOfLargeCustomer(folder: string): Figure[] {
  const links = new Links(folder);
  try {
    const people = MERGES + 1;
    const own = Math.floor(IDENTIFIERS / people);
    links.model.transaction(() => {
      for (let party = 0; party < people * own + SAMPLES; party++)
        links.party(party, party % own === 0 && party < people * own ? 'user' : 'anonymous');
      for (let user = 0; user < people * own; user += own)
        for (let place = 1; place < own; place++) links.link(user, user + place);
      for (let user = own; user < people * own; user += own) links.decide([0, user]);
    });
    const sample = (pair: (index: number) => [number, number]): number[] =>
      Array.from({ length: SAMPLES }, (_, index) => {
        const began = performance.now();
        links.model.transaction(() => links.link(...pair(index)));
        return performance.now() - began;
      });
    const figure = (name: string, samples: number[]): Figure => ({
      name: `${name} of a customer of 10,000 identifiers and 1,000 merges, p99`,
      events: people * own,
      value: percentile(samples, 99),
      unit: 'ms',
      floor: 50,
    });
    return [
      figure(
        'a link with a new identifier',
        sample((index) => [(index % people) * own, people * own + index]),
      ),
      figure(
        'a link between two identifiers',
        sample((index) => [index * own + 1, (index + 1) * own + 2]),
      ),
    ];
  } finally {
    links.close();
  }
}
