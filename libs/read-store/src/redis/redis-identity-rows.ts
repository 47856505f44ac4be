import type { Decision, Party, Refusal } from '@threadline/domain/identity/identity-links';
import type { CountingLink, Cut, IdentityRows, LinkRow, TakeLink } from '../identity/identity-rows.js';
import { textOf, type Command } from './driver.js';
import { bytesOf, numberAt, timeBytes, type Keys } from './keys.js';
import { MovedError, type Session } from './session.js';

/** A party's own row. */
export interface PartyRow {
  readonly customer: number;
  /** Some event names it; otherwise only decisions do. */
  readonly seen: boolean;
  readonly kind: string;
}

/** A link as it lies at each of its ends. */
export type LinkFields = [
  position: number,
  strength: number,
  at: number,
  place: number,
  counts: number,
  rule: Refusal['rule'] | null,
  because: string | null,
  otherKind: string,
];

/** Fields that one look at a hash asks for, about. */
const SCANNED = 500;
const RELATIONS = 1_000;

/** Links and decisions in a Redis, as they were at the session's moment. */
export class RedisIdentityRows implements IdentityRows {
  constructor(private readonly session: Session) {}

  /** What one command answers of each party; with it comes the party's row, which tells whether it moved. */
  async askParties(
    parties: readonly Party[],
    commandOf: (party: Party, keys: Keys) => Command,
  ): Promise<unknown[]> {
    const { keys } = this.session;
    const found = await this.session.ask(
      parties.map((party) => ({
        of: party,
        commands: [['get', keys.of('p', party)], commandOf(party, keys)],
      })),
    );
    return found.map(([row, answer]) => {
      this.rowOf(row);
      return answer;
    });
  }

  async partyRows(parties: readonly Party[]): Promise<(PartyRow | undefined)[]> {
    const { keys } = this.session;
    const found = await this.session.ask(
      parties.map((party) => ({ of: party, commands: [['get', keys.of('p', party)]] })),
    );
    return found.map(([row]) => this.rowOf(row));
  }

  private rowOf(row: unknown): PartyRow | undefined {
    if (row === null) return undefined;
    const [edition, customer, seen, ...kind] = textOf(row).split('|');
    this.session.require(Number(edition));
    return { customer: Number(customer), seen: seen === '1', kind: kind.join('|') };
  }

  async kinds(parties: readonly Party[]): Promise<(string | undefined)[]> {
    return (await this.partyRows(parties)).map((row) => row?.kind);
  }

  async evidence(parties: readonly Party[], { asOf, knownAt }: Cut, take: TakeLink): Promise<void> {
    let open = parties.map((party) => ({ party, cursor: '0' }));
    while (open.length > 0) {
      const cursors = new Map(open.map(({ party, cursor }) => [party, cursor]));
      const asked = open.map(({ party }) => party);
      const found = (await this.askParties(asked, (party, keys) => [
        ...(['hscan', keys.of('l', party), cursors.get(party) ?? '0', 'COUNT', SCANNED] as const),
      ])) as [Buffer, Buffer[]][];
      open = asked.flatMap((party, index) => {
        const [cursor, fields] = found[index] as [Buffer, Buffer[]];
        for (const { link, otherKind } of linksFrom(party, fields)) {
          if (link.at > asOf || link.position > knownAt) continue;
          if (!take(party, link, otherKind)) return [];
        }
        return String(cursor) === '0' ? [] : [{ party, cursor: String(cursor) }];
      });
    }
  }

  async decisionsOf(parties: readonly Party[], { asOf, knownAt }: Cut): Promise<number[]> {
    const found = await this.askParties(parties, (party, keys) => ['smembers', keys.of('d', party)]);
    const all = (found as Buffer[][]).flat().map((member) => String(member).split(',').map(Number));
    const known = all.filter(([position = 0, at = 0]) => position <= knownAt && at <= asOf);
    return [...new Set(known.map(([position = 0]) => position))];
  }

  async decisions(positions: readonly number[]): Promise<Decision[]> {
    const { keys } = this.session;
    const found = await this.session.ask(
      positions.map((position) => ({ of: position, commands: [['get', keys.of('e', position)]] })),
    );
    return found.map(([decision]) => {
      if (decision === null) throw new MovedError();
      return JSON.parse(textOf(decision)) as Decision;
    });
  }

  async counting(parties: readonly Party[]): Promise<CountingLink[]> {
    const found = (await this.askParties(parties, (party, keys) => [
      'hgetall',
      keys.of('l', party),
    ])) as Buffer[][];
    return parties.flatMap((party, index) =>
      linksFrom(party, found[index] ?? []).flatMap(({ link, counts }) => (counts ? [link] : [])),
    );
  }

  async reviews(
    after: readonly [position: number, a: Party, b: Party] | undefined,
    limit: number,
  ): Promise<LinkRow[]> {
    const from =
      after === undefined ? '-' : Buffer.concat([Buffer.from('('), bytesOf(...after), Buffer.from([255])]);
    const [found] = (await this.session.askWhole([
      ['zrange', this.session.keys.whole('reviews'), from, '+', 'BYLEX', 'LIMIT', 0, limit],
    ])) as [Buffer[]];
    return found.map((member) => JSON.parse(String(member.subarray(REVIEW_PLACE))) as LinkRow);
  }

  async sharedOf(parties: readonly Party[], cut: Cut, limit: number): Promise<Party[]> {
    const found = await this.askParties(parties, (party, keys) => ['zrange', keys.of('r', party), 0, -1]);
    const shared = new Set((found as Buffer[][]).flat().flatMap((member) => relatedAt(member, cut)));
    return [...shared].sort((a, b) => a - b).slice(0, limit);
  }

  async membersOf(shared: Party, cut: Cut, limit: number): Promise<Party[]> {
    const members = new Set<Party>();
    for (let from: Buffer | string = '-'; members.size < limit;) {
      const at: Buffer | string = from;
      const [some] = (await this.askParties([shared], (party, keys) => [
        ...(['zrange', keys.of('x', party), at, '+', 'BYLEX', 'LIMIT', 0, RELATIONS] as const),
      ])) as [Buffer[]];
      for (const member of some.flatMap((one) => relatedAt(one, cut)))
        if (members.size < limit) members.add(member);
      const last = some.at(-1);
      if (some.length < RELATIONS || last === undefined) break;
      from = Buffer.concat([Buffer.from('('), last]);
    }
    return [...members];
  }

  async rulesAt(knownAt: number): Promise<number | undefined> {
    const [found] = (await this.session.askWhole([['smembers', this.session.keys.whole('rules')]])) as [
      Buffer[],
    ];
    const positions = found.map((position) => Number(String(position))).filter((one) => one <= knownAt);
    return positions.length === 0 ? undefined : Math.max(...positions);
  }
}

/** What stands before a review's link: position and both ends. */
const REVIEW_PLACE = 24;

export const reviewMember = (link: LinkRow): Buffer =>
  Buffer.concat([bytesOf(link.position, link.a, link.b), Buffer.from(JSON.stringify(link))]);

/** The other end of a relation, its position and its time, in this order. */
export const relationMember = (other: Party, position: number, at: number): Buffer =>
  Buffer.concat([bytesOf(other, position), timeBytes(at)]);

/** The other end of a relation that was known at a cut. */
const relatedAt = (member: Buffer, { asOf, knownAt }: Cut): Party[] =>
  numberAt(member, 1) <= knownAt && Buffer.compare(member.subarray(16), timeBytes(asOf)) <= 0
    ? [numberAt(member, 0)]
    : [];

/** Links of a party out of its hash. */
function linksFrom(
  party: Party,
  fields: readonly Buffer[],
): { link: CountingLink; otherKind: string; counts: boolean }[] {
  const links: { link: CountingLink; otherKind: string; counts: boolean }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const field = String(fields[i]);
    const other = Number.parseInt(field, 10);
    const event = field.slice(field.indexOf('/') + 1);
    const [position, strength, at, place, counts, rule, because, otherKind] = JSON.parse(
      String(fields[i + 1]),
    ) as LinkFields;
    const [a, b] = party < other ? [party, other] : [other, party];
    const refusal = rule === null ? undefined : { rule, ...(because !== null && { because }) };
    const link = { a, b, event, position, strength, at, place, refusal };
    links.push({ link, otherKind, counts: counts === 1 });
  }
  return links;
}
