import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { faultEvent } from '../fault-events.js';

/** One event in so many is a decision of a person: which two are one, or not after all. */
const DECIDED = 50;

const TIME = '2026-03-02T18:00:00.000Z';

/** The n-th event of a run, always the same one. Runs share people, and no interaction. */
export const eventsOf =
  (run: string) =>
  (n: number): CloudEventJson => {
    const event = n % DECIDED === DECIDED - 1 ? decision(n) : faultEvent(n);
    return { ...event, source: `/${run}${event.source}` };
  };

function decision(n: number): CloudEventJson {
  const turn = Math.floor(n / DECIDED);
  const [one, other] = [guest(turn), guest(turn + 7)];
  const apart = turn % 3 === 2;
  return {
    specversion: '1.0',
    id: `decision-${n}`,
    source: '/desk',
    type: apart ? 'identity.unlinked' : 'identity.linked',
    time: TIME,
    datacontenttype: 'application/json',
    data: {
      ...(apart ? { parties: [one], rest: [other] } : { parties: [one, other] }),
      reason: 'the desk knows',
      by: { key: 'desk' },
    },
  };
}

const guest = (n: number): { kind: string; value: string } => ({
  kind: 'email',
  value: `Guest.${n}@Example.org`,
});

/** An event of its own interaction about that person. */
export const chatWith = (run: string, id: string, person: string): CloudEventJson => ({
  specversion: '1.0',
  id,
  source: `/${run}/chat`,
  type: 'chat.message',
  time: TIME,
  datacontenttype: 'application/json',
  data: { identifiers: [{ kind: 'email', value: person }], content: { text: `Message ${id}` } },
});

/** Somebody of three identifiers and four channels, about whom nothing comes later. */
export function regular(run: string, n: number): { identifiers: string[]; events: CloudEventJson[] } {
  const [email, card] = [`regular.${n}@${run}.example.org`, `R-${run}-${n}`];
  const identifiers = [
    { kind: 'email', value: email, name: `Regular ${n}` },
    { kind: 'loyalty', value: card },
  ];
  const event = (id: string, type: string, data: object): CloudEventJson => ({
    ...chatWith(run, `regular-${n}-${id}`, email),
    type,
    data: { identifiers, ...data },
  });
  const purchase = { currency: 'GBP', total: '10.50', items: [{ sku: 'S-1', quantity: 1, price: '10.50' }] };
  return {
    identifiers: [`email/${email}`, `loyalty/${card}`],
    events: [
      event('bought', 'purchase.completed', { purchase }),
      event('wrote', 'email.received', { content: { subject: 'My coat', text: `The zip of ${n} broke.` } }),
      event('said', 'note.written', { facts: [{ slot: 'size.coat', value: String(30 + n) }] }),
      event('rated', 'survey.answered', { survey: { metric: 'nps', score: n % 11 } }),
    ],
  };
}
