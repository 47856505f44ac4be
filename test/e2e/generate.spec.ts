import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { naiveReplay } from '@threadline/projections/naive';
import { Intake } from '@threadline/channels/intake';
import { recordedInOrder, testHash } from '../support/folded.js';
import { TYPES } from '../support/generate-data.js';
import { ARRIVAL, histories, NOON } from '../support/generate.js';

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
