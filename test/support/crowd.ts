import { ARRIVAL, type Sent } from './generate.js';

/** A customer of that many browsers, most of them first seen at the same time: their order is that of their ids. */
export function crowd(parties: number): Sent[] {
  const sent: Sent[] = [];
  for (let from = 0; from < parties; from += 100) {
    const kept = Array.from({ length: 101 }, (_, index) => ({
      kind: 'anonymous',
      value: index === 0 ? 'everywhere' : `browser-${from + index}`,
      strength: 'claimed' as const,
    }));
    const at = ARRIVAL - (from > parties / 2 ? 1 : 0);
    const data = { identifiers: kept.map(({ kind, value }) => ({ kind, value })) };
    const time = new Date(at).toISOString();
    const cloudEvent = {
      specversion: '1.0',
      id: `seen-${from}`,
      source: '/web',
      type: 'web.viewed',
      time,
      data,
    };
    sent.push({ cloudEvent, at, identifiers: kept });
  }
  return sent;
}
