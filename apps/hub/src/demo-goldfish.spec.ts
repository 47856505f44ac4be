import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { goldfishMoments } from './demo-goldfish.js';

const entry = (minute: number, more: Partial<TimelineEntry>): TimelineEntry => ({
  ...{
    event: `e${minute}`,
    source: '/s',
    id: `i${minute}`,
    interaction: 'x',
    type: 'chat.message',
    channel: 'chat',
  },
  ...{ recordedAt: '2026-03-02T23:00:00.000Z', position: '1', direction: null, conversation: null },
  ...{ summary: null, party: 'p', at: `2026-03-02T10:${String(minute).padStart(2, '0')}:00.000Z` },
  ...more,
});

const tea = { drink: { value: 'tea', at: '2026-03-02T10:01:00.000Z', source: '/s' } };
const cardWith = (facts: Card['facts']) => (): Promise<Card> => Promise.resolve({ facts } as Card);

describe('the goldfish', () => {
  it('asks for what stands on the card', async () => {
    const entries = [
      entry(5, { asks: ['drink', 'size.shoe'], staff: { name: 'Lis' } }),
      entry(1, { facts: [{ slot: 'drink', value: 'tea' }] }),
    ];
    assert.deepEqual(await goldfishMoments(entries, cardWith(tea)), [
      {
        at: '2026-03-02T10:05:00.000Z',
        asker: 'Lis',
        slot: 'drink',
        told: { at: '2026-03-02T10:01:00.000Z', value: 'tea' },
        couldKnow: true,
      },
    ]);
  });

  it('is forgiven where nobody could know, and is none where it asks first', async () => {
    const told = entry(1, { facts: [{ slot: 'drink', value: 'tea' }] });
    const asked = entry(5, { asks: ['drink'] });
    const [forgiven] = await goldfishMoments([told, asked], cardWith({}));
    assert.equal(forgiven?.couldKnow, false);
    const [unknown] = await goldfishMoments([told, asked], () => Promise.resolve(undefined));
    assert.equal(unknown?.couldKnow, false);
    assert.deepEqual(
      await goldfishMoments(
        [
          { ...asked, at: told.at },
          { ...told, at: asked.at },
        ],
        cardWith(tea),
      ),
      [],
    );
  });
});
