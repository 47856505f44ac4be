import type { startHub } from '@threadline/test/support/hub';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { percentile, type Figure } from './figures.js';
import { Connections, readable } from './http-load.js';

type Hub = Awaited<ReturnType<typeof startHub>>;

/** One address to a person, which parts whoever has several; and back. */
const OTHER = { ...DEFAULT_RULES, name: 'bench', version: 1, limits: { ...DEFAULT_RULES.limits, email: 1 } };
const BACK = { ...DEFAULT_RULES, name: 'bench-back', version: 1 };

/** What it costs to put other identity rules in force where a tenth as many customers are known as there are events. */
export async function rulesApplied(hub: Hub, events: number): Promise<Figure[]> {
  const connections = new Connections(hub, 2);
  const figures: Figure[] = [];
  for (const [rules, what] of [
    [OTHER, 'other identity rules'],
    [BACK, 'the rules of before'],
  ] as const) {
    const began = performance.now();
    const { status, body } = await connections.send(
      'POST',
      '/v1/identity/rules',
      JSON.stringify(rules),
      'application/json',
    );
    if (status !== 202) throw new Error(`${status}: ${body.slice(0, 300)}`);
    const { position } = JSON.parse(body) as { position: string };
    let applied = false;
    const switched = readable(connections, position).then(() => (applied = true));
    const cards: number[] = [];
    while (!applied) {
      const asked = performance.now();
      const card = await connections.send('GET', `/v1/customers/by/email/c${cards.length}@example.org`);
      if (card.status !== 200 && card.status !== 404) throw new Error(`${card.status}: ${card.body}`);
      cards.push(performance.now() - asked);
    }
    await switched;
    figures.push(
      { name: `${what}, applied to all`, events, value: performance.now() - began, unit: 'ms' },
      { name: `card, p99, while ${what} are applied`, events, value: percentile(cards, 99), unit: 'ms' },
    );
  }
  connections.close();
  return figures;
}
