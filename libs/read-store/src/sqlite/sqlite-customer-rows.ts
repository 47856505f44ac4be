import type { Position } from '@threadline/event-store/event-store';
import type { Decision, Party } from '@threadline/domain/identity/identity-links';
import type { Summary } from '@threadline/projections/summary';
import type {
  CustomerRows,
  EntryPlace,
  EntryRange,
  EntryRow,
  ExplainedParty,
  KnownParty,
  ParkedRow,
} from '../customers/customer-rows.js';
import type { CountingLink, Cut, IdentityRows, LinkRow, TakeLink } from '../identity/identity-rows.js';
import type { CustomerStatements } from './customer-statements.js';
import type { IdentityStatements } from './identity-statements.js';

/** The rows of a model on this disk: each call is answered at once, by statements. */
export class SqliteCustomerRows implements CustomerRows {
  readonly identity: IdentityRows;

  constructor(private readonly statements: CustomerStatements) {
    this.identity = new SqliteIdentityRows(statements.identity);
  }

  async checkpoint(): Promise<Position> {
    return this.statements.checkpoint();
  }

  async customersOf(parties: readonly number[]): Promise<(number | undefined)[]> {
    return parties.map((party) => this.statements.customerOf(party));
  }

  async parties(customer: number): Promise<KnownParty[]> {
    return this.statements.parties(customer);
  }

  async explainedParties(customer: number): Promise<ExplainedParty[]> {
    return this.statements.explainedParties(customer);
  }

  async summary(customer: number, parties: readonly KnownParty[]): Promise<Summary> {
    return this.statements.summary(customer, parties);
  }

  async explainedSummary(customer: number): Promise<Summary> {
    return this.statements.explainedSummary(customer);
  }

  async lastSeen(customers: readonly number[]): Promise<(number | null)[]> {
    const { statements } = this;
    return customers.map((customer) => statements.summary(customer, statements.parties(customer)).last);
  }

  async events(parties: readonly number[]): Promise<number[]> {
    return parties.map((party) => this.statements.events(party));
  }

  async eventsOf(customer: number): Promise<number> {
    return this.statements.eventsOf(customer);
  }

  async entries(customer: number, range: EntryRange): Promise<EntryRow[]> {
    return this.statements.entries(customer, range);
  }

  async places(parties: readonly number[], to: Uint8Array): Promise<EntryPlace[]> {
    return parties.flatMap((party) => this.statements.positions(party, to));
  }

  async mentions(parties: readonly number[]): Promise<Position[]> {
    return parties.flatMap((party) => this.statements.mentions(party));
  }

  async parked(): Promise<ParkedRow[]> {
    return this.statements.parked();
  }

  async parkedOf(positions: readonly Position[]): Promise<ReadonlySet<Position>> {
    return new Set(positions.filter((position) => this.statements.isParked(position)));
  }
}

class SqliteIdentityRows implements IdentityRows {
  constructor(private readonly statements: IdentityStatements) {}

  async kinds(parties: readonly Party[]): Promise<(string | undefined)[]> {
    return parties.map((party) => this.statements.kindOf(party));
  }

  async evidence(parties: readonly Party[], cut: Cut, take: TakeLink): Promise<void> {
    for (const party of parties) {
      for (const { link, otherKind } of this.statements.evidence(party, cut))
        if (!take(party, link, otherKind)) break;
    }
  }

  async decisionsOf(parties: readonly Party[], cut: Cut): Promise<Position[]> {
    return [...new Set(parties.flatMap((party) => this.statements.decisionsOf(party, cut)))];
  }

  async decisions(positions: readonly Position[]): Promise<Decision[]> {
    return positions.map((position) => this.statements.decision(position));
  }

  async counting(parties: readonly Party[]): Promise<CountingLink[]> {
    return parties.flatMap((party) => this.statements.counting(party));
  }

  async reviews(
    after: readonly [position: Position, a: Party, b: Party] | undefined,
    limit: number,
  ): Promise<LinkRow[]> {
    return this.statements.reviews(after, limit);
  }

  async sharedOf(parties: readonly Party[], cut: Cut, limit: number): Promise<Party[]> {
    const found = new Set(parties.flatMap((party) => this.statements.sharedOf(party, cut)));
    return [...found].sort((a, b) => a - b).slice(0, limit);
  }

  async membersOf(shared: Party, cut: Cut, limit: number): Promise<Party[]> {
    return this.statements.membersOf(shared, cut, limit);
  }

  async rulesAt(knownAt: Position): Promise<Position | undefined> {
    return this.statements.rulesAt(knownAt);
  }
}
