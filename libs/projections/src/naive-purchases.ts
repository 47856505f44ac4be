import type { Purchase, PurchaseItem } from '@threadline/domain/event-catalogue';
import type { Amounts, Card, CardItem } from './card.js';
import {
  amount,
  compareDecimals,
  decimal,
  negative,
  plus,
  printDecimal,
  times,
  ZERO,
  type Decimal,
} from './naive-decimal.js';
import { compareText, rfc3339, sortedRecord } from './naive-order.js';
import type { NaiveRow } from './naive-row.js';

const MOST_ITEMS = 20;

type Sums = Map<string, Decimal>;

/** The first amount sets the scale: `plus` keeps the greatest. */
function add(sums: Sums, currency: string, value: Decimal): void {
  const before = sums.get(currency);
  sums.set(currency, before === undefined ? value : plus(before, value));
}

const printed = (sums: Sums): Amounts =>
  sortedRecord([...sums].map(([currency, value]) => [currency, printDecimal(value)]));

const purchaseOf = (row: NaiveRow): Purchase => row.fact.data['purchase'] as unknown as Purchase;

/** `purchases` of the card, from the standing orders and returns, each oldest first. */
export function naivePurchases(orders: readonly NaiveRow[], returns: readonly NaiveRow[]): Card['purchases'] {
  const spend: Sums = new Map();
  const categories = new Map<string, { quantity: Decimal; spend: Sums }>();
  const count = (row: NaiveRow, sign: (value: Decimal) => Decimal): void => {
    const { currency, total, items = [] } = purchaseOf(row);
    add(spend, currency, sign(amount(total)));
    for (const item of items) {
      if (item.category === undefined) continue;
      const category = categories.get(item.category) ?? { quantity: ZERO, spend: new Map<string, Decimal>() };
      category.quantity = plus(category.quantity, sign(decimal(item.quantity)));
      add(category.spend, currency, sign(times(decimal(item.quantity), amount(item.price))));
      categories.set(item.category, category);
    }
  };
  for (const row of orders) count(row, (value) => value);
  for (const row of returns) count(row, negative);

  const last = orders.at(-1);
  return {
    orders: orders.length,
    returns: returns.length,
    spend: printed(spend),
    last: last === undefined ? null : rfc3339(last.at),
    categories: [...categories]
      .sort(([a, left], [b, right]) => compareDecimals(right.quantity, left.quantity) || compareText(a, b))
      .map(([name, { quantity, spend: sums }]) => ({
        name,
        quantity: Number(printDecimal(quantity)),
        spend: printed(sums),
      })),
    items: latestItems(orders),
  };
}

function latestItems(orders: readonly NaiveRow[]): CardItem[] {
  const items: CardItem[] = [];
  for (let i = orders.length - 1; i >= 0 && items.length < MOST_ITEMS; i--) {
    const order = orders[i];
    if (order !== undefined) items.push(...itemsOf(order));
  }
  return items.slice(0, MOST_ITEMS);
}

function itemsOf(order: NaiveRow): CardItem[] {
  const { currency, items = [] } = purchaseOf(order);
  return items.map(({ sku, name, category, quantity, price }: PurchaseItem) => ({
    at: rfc3339(order.at),
    sku: sku ?? null,
    name: name ?? null,
    category: category ?? null,
    quantity,
    price,
    currency,
  }));
}
