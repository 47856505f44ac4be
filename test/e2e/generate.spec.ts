import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { naiveReplay } from '@threadline/projections/naive';
import { Intake } from '@threadline/channels/intake';
import { readIdentityRules } from '@threadline/domain/identity/identity-rules';
import { eventId } from '@threadline/domain/ids';
import { recordedInOrder, testHash } from '../support/folded.js';
import { TYPES } from '../support/generate-data.js';
import { ARRIVAL, histories, NOON } from '../support/generate.js';
import { factsOf } from '../support/reference.js';

const FIELDS = [
  ...[
    'object',
    'sequence',
    'conversation',
    'channel',
    'direction',
    'brand',
    'store',
    'country',
    'identifiers',
  ],
  ...[
    'participants',
    'staff',
    'content',
    'facts',
    'asks',
    'promises',
    'purchase',
    'survey',
    'visit',
    'social',
  ],
  ...['consent', 'profile', 'call', 'web', 'promise', 'x-ray'],
];

describe('generated histories', () => {
  it('are what the intake takes, and normalises as they foresaw', () => {
    const intake = new Intake({ hash: testHash });
    fc.assert(
      fc.property(histories({ max: 40 }), (history) => {
        for (const { cloudEvent, at, identifiers } of history) {
          const taken = intake.take(cloudEvent, { at: ARRIVAL });
          assert.equal(taken.kind, 'received', JSON.stringify(taken));
          if (taken.kind !== 'received') return;
          assert.equal(taken.event.at, at);
          assert.deepEqual(taken.event.identifiers, identifiers);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('with decisions and rules are what the intake takes from who may decide', () => {
    const intake = new Intake({ hash: testHash });
    fc.assert(
      fc.property(histories({ max: 40, decided: true }), (history) => {
        for (const { cloudEvent, at, decided, ruled } of history) {
          const taken = intake.take(cloudEvent, { at: ARRIVAL, decides: true });
          assert.ok(taken.kind === 'received', JSON.stringify(taken));
          assert.equal(taken.event.at, at);
          const named = [...(decided?.parties ?? []), ...(decided?.rest ?? [])];
          if (decided !== undefined || ruled !== undefined)
            assert.deepEqual(
              taken.event.identifiers.map(({ kind, value }) => ({ kind, value })),
              named,
            );
          if (ruled !== undefined)
            assert.deepEqual(readIdentityRules(cloudEvent.data?.['rules'] ?? null), { rules: ruled });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('with decisions and rules leave no turn out that identity can take', () => {
    const told = new Map<string, number>();
    const tell = (what: string): void => void told.set(what, (told.get(what) ?? 0) + 1);
    const hash = testHash;
    for (const sent of fc.sample(histories({ max: 30, decided: true }), { numRuns: 400, seed: 1 })) {
      const places = new Map(
        sent.map(({ cloudEvent: { source, id } }, index) => [
          eventId(hash, source, id),
          { position: index + 1, recordedAt: ARRIVAL },
        ]),
      );
      const { customers } = naiveReplay(factsOf(sent, places, hash), { now: ARRIVAL });
      const held = new Set(customers.flatMap(({ decided }) => decided.map(({ event }) => event)));
      for (const { cloudEvent, decided, ruled } of sent) {
        if (ruled !== undefined) tell(`rules ${ruled.name}`);
        if (decided?.says === 'unlink') tell('unlinked');
        if (decided?.says === 'link')
          tell(held.has(eventId(hash, cloudEvent.source, cloudEvent.id)) ? 'joined' : 'undone');
      }
      for (const { refused, parties } of customers) {
        for (const { rule } of refused) tell(rule);
        if (parties.some(({ firstSeen }) => firstSeen === Infinity)) tell('named by decisions alone');
      }
    }
    const rules = ['rules loose', 'rules strict', 'rules walled', 'rules default'];
    const refusals = ['blocked-value', 'fan-out', 'unlinked', 'one-per-person', 'review'];
    for (const what of [...rules, ...refusals, 'unlinked', 'joined', 'undone', 'named by decisions alone'])
      assert.ok((told.get(what) ?? 0) >= 5, `${what}: ${told.get(what) ?? 0} times in 400 histories`);
  });

  it('leave nothing out: every type, every field of data, every turn that a history can take', () => {
    const told = new Map<string, number>();
    const tell = (what: string): void => void told.set(what, (told.get(what) ?? 0) + 1);
    for (const sent of fc.sample(histories({ max: 30 }), { numRuns: 400, seed: 1 })) {
      for (const { cloudEvent } of sent) {
        tell(cloudEvent.type);
        for (const member of Object.keys(cloudEvent.data ?? {})) tell(member);
        if (cloudEvent.time === undefined) tell('timeless');
      }
      const answer = naiveReplay(recordedInOrder(sent), { now: NOON + 3_600_000 });
      if (answer.unplaced.length > 0) tell('nobody');
      for (const { card, rows, parties } of answer.customers) {
        if (parties.length > 2) tell('merged');
        if (rows.some(({ standing }) => !standing)) tell('superseded');
        if (rows.some(({ fact, home }) => home !== undefined && !fact.data.identifiers?.length))
          tell('adopted');
        if (new Set(rows.map(({ at }) => at)).size < rows.length) tell('simultaneous');
        if (card.visits.present !== null) tell('present');
        if (card.promises.open.length > 1) tell('promised');
        if (Object.values(card.surveys).some(({ count }) => count > 1)) tell('surveyed');
        if (Object.keys(card.purchases.spend).length > 1) tell('currencies');
        if (card.purchases.categories.length > 2) tell('categories');
        if (card.purchases.items.length === 20) tell('twenty');
        if (card.social.latest.length > 2) tell('social');
        if (card.name !== null) tell('named');
      }
    }
    const turns = [
      'nobody',
      'merged',
      'superseded',
      'adopted',
      'simultaneous',
      'present',
      'promised',
      'surveyed',
    ];
    const more = ['timeless', 'currencies', 'categories', 'twenty', 'social', 'named'];
    for (const what of [...TYPES, ...FIELDS, ...turns, ...more]) {
      assert.ok((told.get(what) ?? 0) >= 5, `${what}: ${told.get(what) ?? 0} times in 400 histories`);
    }
  });
});
