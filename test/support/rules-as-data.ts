import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { JsonObject } from '@threadline/domain/canonical-json';
import {
  DEFAULT_RULES,
  readIdentityRules,
  type IdentityRules,
} from '@threadline/domain/identity/identity-rules';
import type { PlannedChange, PlannedSide } from '@threadline/read-store/identity/planned-changes';
import { ARRIVAL, type Sent } from './generate.js';
import { ruling, RULES_FILES } from './generate-decisions.js';
import { agrees, check, partiesOf, send, twice, withHubs } from './hub-runs.js';
import { allReads } from './reference.js';
import type { SmallHub } from './small-hub.js';

/**
 * What is claimed of identity rules as data, as properties of a whole hub: each takes how many histories it tries, and
 * rejects with the first that breaks it.
 */

const PLAIN = { ...(DEFAULT_RULES as unknown as JsonObject), version: 1 };

function rulesOf(file: JsonObject): IdentityRules {
  const read = readIdentityRules(file);
  assert.ok('rules' in read);
  return read.rules;
}

/** That these rules are in force from here on. */
function applied(id: string, file: JsonObject): Sent {
  const { type, data, meaning } = ruling(file);
  const time = new Date(ARRIVAL).toISOString();
  return {
    cloudEvent: { specversion: '1.0', id, source: '/rules', type, time, data },
    ...{ at: ARRIVAL, identifiers: [], ...meaning },
  };
}

/** The rules that a history leaves in force. */
const lastOf = (sent: readonly Sent[]): JsonObject =>
  (sent.findLast(({ ruled }) => ruled !== undefined)?.cloudEvent.data?.['rules'] as JsonObject | undefined) ??
  PLAIN;

/** The customer of each party, by all its ids; of nobody: none. */
async function customers(
  hub: SmallHub,
  parties: Iterable<string>,
): Promise<Map<string, { id: string; ids: string[] }>> {
  const found = new Map<string, { id: string; ids: string[] }>();
  for (const party of parties) {
    const card = await hub.reads.card(party, {});
    if (card !== undefined) found.set(party, { id: card.id, ids: [...card.ids].sort() });
  }
  return found;
}

type Customers = Awaited<ReturnType<typeof customers>>;

const countOf = (all: Customers): number => new Set([...all.values()].map(({ id }) => id)).size;
const idsOf = ({ parties }: PlannedSide): string[] => parties.map(({ id }) => id);

/** The customer that all of these are of. */
function oneOf(all: Customers, parties: readonly string[]): string | undefined {
  const ids = new Set(parties.map((party) => all.get(party)?.id));
  assert.equal(ids.size, 1, 'parties of one side are of several customers');
  return [...ids][0];
}

/** What is said to be gained was several before and is one now; what is said to be lost the other way round. */
function assertChange(
  { change, customer, sides, links, totals }: PlannedChange,
  before: Customers,
  after: Customers,
): void {
  const [several, one] = change === 'gained' ? [before, after] : [after, before];
  assert.equal(oneOf(one, sides.flatMap(idsOf)), customer);
  const parts = sides.map((side) => {
    assert.equal(side.parties.length, side.totals.parties);
    const id = oneOf(several, idsOf(side));
    assert.equal(id, side.id);
    return id;
  });
  assert.equal(new Set(parts).size, totals.sides);
  // As many links as it takes to join the sides, each between two of them.
  assert.ok(links.length >= sides.length - 1 && links.length === totals.links);
  for (const { a, b } of links) assert.notEqual(several.get(a?.id ?? '')?.id, several.get(b?.id ?? '')?.id);
}

/** What a plan says of a hub is what becomes of it; and a plan changes no file of it. */
export const planIsWhatComes = (runs: number): Promise<void> =>
  check(
    runs,
    fc.tuple(twice({ min: 2, max: 24 }), fc.constantFrom(...RULES_FILES)),
    ([[sent, , pace], file]) =>
      withHubs(1, async (hub) => {
        await send(hub, sent, pace);
        const parties = partiesOf(hub, sent);
        const before = await customers(hub, parties);
        const files = hub.files();
        const { totals, changes } = await hub.plan(rulesOf(file));
        assert.deepStrictEqual(hub.files(), files, 'a plan changes no file');
        await send(hub, [applied('planned', file)], pace);
        const after = await customers(hub, parties);
        assert.equal(totals.customers.before, countOf(before));
        assert.equal(totals.customers.after, countOf(after));
        for (const change of changes) assertChange(change, before, after);
        const [gained, lost] = ['gained', 'lost'].map((kind) =>
          changes.filter(({ change }) => change === kind),
        );
        assert.deepEqual([gained?.length, lost?.length], [totals.gained, totals.lost]);
        const changed = new Set(changes.flatMap(({ sides }) => sides.flatMap(idsOf)));
        const same = [...before].filter(([party]) => !changed.has(party));
        for (const [party, customer] of same) assert.deepStrictEqual(after.get(party), customer);
        assert.equal(totals.customers.unchanged, countOf(new Map(same)));
        // Every link that is told to be refused then is.
        const refused = { ...totals.refused.after };
        const again = await hub.plan(rulesOf(file));
        assert.deepStrictEqual(again.totals.refused.before, refused);
        assert.deepStrictEqual(again.changes, []);
      }),
  );

/** Other rules and back: every read is byte for byte what it was, and what was known then is answered for ever. */
export const thereAndBack = (runs: number): Promise<void> =>
  check(
    runs,
    fc.tuple(twice({ min: 2, max: 24 }), fc.constantFrom(...RULES_FILES)),
    ([[sent, , pace], file]) =>
      withHubs(1, async (hub) => {
        await send(hub, sent, pace);
        const parties = partiesOf(hub, sent);
        const knownAt = hub.checkpoint;
        const before = await allReads(hub.reads, parties);
        const past = await allReads(hub.reads, parties, { knownAt });
        const there = applied('there', file);
        await send(hub, [there], pace);
        await agrees(hub, [...sent, there]);
        assert.deepStrictEqual(await hub.verify(), []);
        assert.deepStrictEqual(await allReads(hub.reads, parties, { knownAt }), past);
        const live = await allReads(hub.reads, parties);
        await hub.rebuild();
        assert.deepStrictEqual(await allReads(hub.reads, parties), live);
        await send(hub, [applied('back', lastOf(sent))], pace);
        assert.deepStrictEqual(await allReads(hub.reads, parties), before);
        assert.deepStrictEqual(await hub.verify(), []);
      }),
  );
