import type { JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';

const START = Date.UTC(2026, 2, 2, 8);

/** People whom the load is about at a time; with every 512 events ten go and ten come, who turn out to be one as well. */
const PEOPLE = 120;

const person = (n: number): number => 10 * (n >> 9) + ((n * 37 + (n >> 3)) % PEOPLE);

const email = (who: number): JsonObject => ({
  kind: 'email',
  value: `Guest.${who}@Example.org`,
  name: `Guest Number ${who}`,
});
const loyalty = (who: number): JsonObject => ({ kind: 'loyalty', value: `L-${1000 + who}` });
const phone = (who: number): JsonObject => ({
  kind: 'phone',
  value: `+4420794600${String(who).padStart(3, '0')}`,
});

type Part = { type: string; source: string } & JsonObject;

const KINDS: readonly ((n: number, who: number) => Part)[] = [
  (n, who) => ({
    type: 'email.received',
    source: '/email/care@maison.example',
    identifiers: [email(who)],
    direction: 'inbound',
    content: { subject: `Coat ${n}`, text: `The zip of coat ${n} broke again. 拉链又坏了` },
  }),
  // Joins a customer's e-mail and card number: a merge.
  (n, who) => ({
    type: 'purchase.completed',
    source: '/pos/regent-street',
    object: `order-${n >> 4}-${who}`,
    sequence: n,
    identifiers: [loyalty(who), email(who)],
    purchase: {
      currency: 'GBP',
      total: `${n % 900}.50`,
      items: [{ sku: 'S-1', quantity: 1, price: '10.25' }],
    },
  }),
  (n, who) => ({
    type: 'chat.message',
    source: '/chat/web',
    identifiers: [{ kind: 'anonymous', value: `visitor-${who}` }, ...(n % 3 === 0 ? [email(who)] : [])],
    content: { text: `Is ${n} in my size?` },
    asks: ['size.coat'],
  }),
  // A call's later events name nobody: they stand where its first event does.
  (n, who) => ({
    type: 'call.started',
    source: '/phone/desk',
    object: `call-${n >> 4}`,
    identifiers: [phone(who)],
    direction: 'inbound',
  }),
  (n) => ({
    type: 'call.transcribed',
    source: '/phone/desk',
    object: `call-${n >> 4}`,
    call: { outcome: `talked ${n}` },
  }),
  (n, who) => ({
    type: 'survey.answered',
    source: '/survey/nps',
    identifiers: [email(who)],
    survey: { metric: 'nps', score: n % 11, comment: `Fine ${n}` },
  }),
  (n, who) => ({
    type: 'note.written',
    source: '/store/tablet',
    identifiers: [loyalty(who), phone(who)],
    content: { text: `Prefers ${n}` },
    facts: [{ slot: 'size.coat', value: String(30 + (n % 20)) }],
    promises: [{ id: `p-${n}`, text: 'call back', due: '2026-03-06' }],
  }),
  (n, who) => ({
    type: 'promise.kept',
    source: '/store/tablet',
    identifiers: [loyalty(who)],
    promise: { id: `p-${n - 1}` },
  }),
  (n, who) => ({
    type: `maison.fitting${n % 3}`,
    source: '/atelier',
    identifiers: [email(who)],
    fitting: { n },
  }),
];

/** The n-th event of the load: always the same one. Nine kinds, people who turn out to be one, versions, no-names. */
export function faultEvent(n: number): CloudEventJson {
  const who = person(n);
  const { type, source, ...data } = (KINDS[n % KINDS.length] as (typeof KINDS)[number])(n, who);
  const time = new Date(START + ((n * 7919) % 36_000) * 1000 + (n % 1000)).toISOString();
  return {
    specversion: '1.0',
    id: `fault-${n}`,
    source,
    type,
    time,
    datacontenttype: 'application/json',
    data,
  };
}
