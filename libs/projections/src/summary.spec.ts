import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ClearData } from '@threadline/domain/stored-event';
import { contribute, standings } from './contribution.js';
import type { ProjectedEvent } from './projected-event.js';
import { summaryFromJson, summaryToJson } from './summary-json.js';
import { combine, emptySummary, type Summary } from './summary.js';

const HOME = 7;

/** One event an interaction, so that each stands. */
const events: fc.Arbitrary<ProjectedEvent> = fc
  .record({
    number: fc.nat(400),
    at: fc.integer({ min: -5, max: 60 }),
    channel: fc.constantFrom('email', 'store', '__proto__', 'constructor'),
    kind: fc.constantFrom<string>(
      'bought',
      'returned',
      'fact',
      'visit',
      'survey',
      'promise',
      'kept',
      'post',
      'profile',
      'consent',
    ),
    slot: fc.constantFrom('size', 'drink', 'toString'),
    total: fc.constantFrom('10', '10.50', '0.005', '-3.0'),
    quantity: fc.constantFrom(1, 2, 0.5, 1e-7),
  })
  .map(({ number, at, channel, kind, slot, total, quantity }) => {
    const clear: ClearData = { channel };
    let type = 'chat.message';
    const purchase = {
      currency: slot === 'size' ? 'EUR' : 'CNY',
      total,
      items: [
        { category: slot, quantity, price: total },
        { quantity, price: '1' },
      ],
    };
    if (kind === 'bought' || kind === 'returned') {
      type = kind === 'bought' ? 'purchase.completed' : 'purchase.returned';
      clear.purchase = purchase;
    } else if (kind === 'fact') clear.facts = [slot, 'size', slot];
    else if (kind === 'visit') type = number % 2 === 0 ? 'visit.started' : 'visit.ended';
    else if (kind === 'survey')
      [type, clear.survey] = ['survey.answered', { metric: 'nps', score: quantity }];
    else if (kind === 'promise') clear.promises = [slot];
    else if (kind === 'kept') [type, clear.promise] = ['promise.kept', slot];
    else if (kind === 'post') type = 'social.post';
    else if (kind === 'consent') [type, clear.consent] = ['consent.given', { purpose: slot }];
    else if (kind === 'profile') [type, clear.profile, clear.named] = ['profile.stated', [slot], true];
    const id = `event-${String(number).padStart(4, '0')}`;
    return {
      id,
      type,
      position: number,
      at,
      parties: [{ key: HOME, kind: 'email', strength: 'claimed' }],
      home: 0,
      clear,
    };
  });

const histories = fc.uniqueArray(events, { selector: ({ id }) => id, maxLength: 60 });

/** A visit's start and end are one interaction: every other number is the end of the one before. */
const interactionOf = ({ position }: ProjectedEvent): string => `visit-${position >> 1}`;

type Combine = typeof combine;

function summaryOf(history: readonly ProjectedEvent[]): Summary {
  const summary = emptySummary();
  for (const event of history) {
    for (const standing of standings([event])) contribute(summary, standing, interactionOf(event));
  }
  return summary;
}

/** Folded as one, or in parts that are brought together in another order: the same summary, to the byte. */
function holds(combineParts: Combine): void {
  fc.assert(
    fc.property(histories, fc.array(fc.nat(4), { minLength: 60, maxLength: 60 }), (history, places) => {
      const parts = [0, 1, 2, 3, 4].map((part) => history.filter((_, index) => places[index] === part));
      const whole = summaryToJson(summaryOf(history));
      const apart = (order: readonly number[]): string =>
        summaryToJson(order.map((part) => summaryOf(parts[part] ?? [])).reduce(combineParts, emptySummary()));
      assert.equal(apart([0, 1, 2, 3, 4]), whole);
      assert.equal(apart([4, 2, 0, 3, 1]), whole);
      const left = combineParts(
        combineParts(summaryOf(parts[0] ?? []), summaryOf(parts[1] ?? [])),
        summaryOf(parts[2] ?? []),
      );
      const right = combineParts(
        summaryOf(parts[0] ?? []),
        combineParts(summaryOf(parts[1] ?? []), summaryOf(parts[2] ?? [])),
      );
      assert.equal(summaryToJson(left), summaryToJson(right));
      assert.equal(summaryToJson(summaryFromJson(whole)), whole);
    }),
    { numRuns: 300 },
  );
}

describe('summaries (rule 6)', () => {
  it('combine: associative, commutative, with a zero', () => holds(combine));

  it('is noticed where a tie is broken by arrival', () => {
    const byArrival: Combine = (into, from) => {
      const sum = combine(into, from);
      for (const [slot, ref] of from.facts) sum.facts.set(slot, ref);
      return sum;
    };
    assert.throws(() => holds(byArrival));
  });

  it('is noticed where an end that comes before its start is lost', () => {
    const forgetful: Combine = (into, from) => {
      const sum = combine(into, from);
      sum.ended.clear();
      return sum;
    };
    assert.throws(() => holds(forgetful));
  });
});
