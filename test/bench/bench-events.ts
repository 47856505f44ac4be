import type { CloudEventJson } from '@threadline/domain/cloud-event';

/** The same numbers in every run: a multiplicative congruential generator (Lehmer, as in MINSTD). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const WORDS =
  `the coat zip broke again please call about order size shoes blue silk delivery late thank you scarf store visit wool
  black return refund appointment gift wrapping leather boots gloves repair invoice address colour sample fitting promise
  tomorrow morning evening delivery card points voucher winter summer collection tailor button lining sleeve hem 大衣 丝巾`.split(
    /\s+/,
  );

/** Events of `customers` customers, by number; about 700 bytes each, a mix of the catalogue. */
export class BenchEvents {
  private readonly random: () => number;

  /** Of every ten events of the first customer's share one is theirs: `heavy` makes one customer of many events. */
  constructor(
    private readonly customers: number,
    private readonly source: string,
    seed = 1,
  ) {
    this.random = randomNumbers(seed);
  }

  private words(count: number): string {
    return Array.from({ length: count }, () => WORDS[Math.floor(this.random() * WORDS.length)]).join(' ');
  }

  /** The event of that number: of a customer drawn at random, or of the one given. */
  event(number: number, customer = Math.floor(this.random() * this.customers)): CloudEventJson {
    const identifiers = [{ kind: 'email', value: `c${customer}@example.org`, name: `Customer ${customer}` }];
    if (number % 7 === 0)
      identifiers.push({ kind: 'loyalty', value: `L-${customer}`, name: `Customer ${customer}` });
    const base = {
      specversion: '1.0',
      id: `e-${number}`,
      source: this.source,
      time: new Date(1_700_000_000_000 + number * 20_000).toISOString(),
    };
    const common = { direction: 'inbound', brand: 'maison', identifiers };
    switch (number % 5) {
      case 0:
        return {
          ...base,
          type: 'purchase.completed',
          data: {
            ...common,
            store: 'regent-street',
            purchase: {
              order: `A-${number}`,
              currency: 'EUR',
              total: '179.90',
              items: [
                {
                  sku: `s-${number % 97}`,
                  name: `Coat ${number % 97}`,
                  category: 'coats',
                  quantity: 1,
                  price: '129.90',
                },
                {
                  sku: `s-${number % 89}`,
                  name: `Scarf ${number % 89}`,
                  category: 'scarves',
                  quantity: 2,
                  price: '25.00',
                },
              ],
            },
          },
        };
      case 1:
        return {
          ...base,
          type: 'chat.message',
          data: { ...common, conversation: `t-${number % 1000}`, content: { text: this.words(25) } },
        };
      case 2:
        return {
          ...base,
          type: 'email.received',
          data: {
            ...common,
            content: { subject: this.words(4), text: this.words(50) },
            facts: [{ slot: 'size.coat', value: String(34 + (number % 12)) }],
          },
        };
      case 3:
        return {
          ...base,
          type: 'web.viewed',
          data: { ...common, web: { url: `https://shop.example/p/${number % 500}`, title: this.words(3) } },
        };
      default:
        return {
          ...base,
          type: 'social.mention',
          data: { ...common, social: { platform: 'instagram' }, content: { text: this.words(15) } },
        };
    }
  }

  batch(from: number, count: number, customer?: number): CloudEventJson[] {
    return Array.from({ length: count }, (_, index) => this.event(from + index, customer));
  }
}
