import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { beside, cut, pad, width, wrap, type Paint } from './demo-terminal.js';

const format = (parts: Intl.DateTimeFormatOptions): ((time: string) => string) => {
  const formatter = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', ...parts });
  return (time) => formatter.format(new Date(time));
};

/** As the shop in London reads it. */
export const hourOf = format({ hour: '2-digit', minute: '2-digit' });
export const dayOf = format({ day: 'numeric', month: 'short' });
export const when = (time: string): string => `${dayOf(time)} ${hourOf(time)}`;

/** A label and a text; an empty line where there is neither. */
type Row = readonly [label: string, text: string];
const GAP: Row = ['', ''];

/** Labels in a column as wide as the widest, texts wrapped beside them. */
function block(rows: readonly Row[], columns: number, look: Paint): string[] {
  const gutter = Math.max(...rows.map(([label]) => width(label))) + 2;
  return rows.flatMap(([label, text]) => {
    const lines = wrap(text, columns - gutter);
    if (lines.length === 0) return [''];
    return lines.map((line, index) => look.label(pad(index === 0 ? label : '', gutter)) + line);
  });
}

/** A value as a person reads it. */
export const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export const amounts = (spend: Readonly<Record<string, string>>): string =>
  Object.entries(spend)
    .map(([currency, amount]) => `${currency} ${amount}`)
    .join(' and ') || 'nothing';

/** The card as an associate reads it, standing. */
export function cardLines(card: Card, columns: number, look: Paint): string[] {
  const left = Math.ceil(columns * 0.52);
  const here = card.visits.present === null ? '' : look.good(`  ● in ${card.visits.present} now`);
  return [
    look.title(card.name ?? card.id) + here,
    '',
    ...beside(block(who(card), left - 3, look), block(buying(card), columns - left, look), left),
    '',
    ...block([...promised(card), GAP, ...words(card)], columns, look),
  ];
}

function who({ identifiers, profile, facts }: Card): Row[] {
  return [
    ...identifiers.map(({ kind, value, strength }): Row => [kind, `${value} (${strength})`]),
    GAP,
    ...Object.entries(profile)
      .filter(([field]) => field !== 'name')
      .map(([field, value]): Row => [field, Array.isArray(value) ? value.map(said).join(', ') : said(value)]),
    GAP,
    ...Object.entries(facts).map(([slot, { value, at }]): Row => [slot, `${said(value)} (${dayOf(at)})`]),
  ];
}

function buying({ purchases, surveys, consents, visits, counts }: Card): Row[] {
  const list = (each: readonly string[]): string => each.join(', ') || 'nothing yet';
  return [
    ['spend', amounts(purchases.spend)],
    ['orders', `${purchases.orders}, returned ${purchases.returns}`],
    ['likes', list(purchases.categories.map(({ name, quantity }) => `${name} ${quantity}`))],
    ...purchases.items.map(({ at, name, quantity, price, currency }): Row => [
      dayOf(at),
      `${quantity > 1 ? `${quantity} × ` : ''}${name ?? '?'}, ${currency} ${price}`,
    ]),
    GAP,
    ['visits', `${visits.count}${visits.last === null ? '' : `, last ${when(visits.last)}`}`],
    ...Object.entries(surveys).map(([metric, { last, at }]): Row => [metric, `${last} on ${when(at)}`]),
    ...Object.entries(consents).map(([purpose, { given }]): Row => [purpose, given ? 'yes' : 'no']),
    ['seen on', list(Object.entries(counts).map(([channel, count]) => `${channel} ${count}`))],
  ];
}

function promised({ promises }: Card): Row[] {
  return promises.open.map(({ text, due, at }): Row => {
    const by = due === null ? '' : `, by ${due.includes('T') ? when(due) : dayOf(due)}`;
    return ['we promised', `${text ?? '?'}${by} (said ${when(at)})`];
  });
}

const words = ({ social }: Card): Row[] =>
  social.latest.map(({ at, platform, text }): Row => [when(at), `${platform ?? 'social'}: “${text ?? ''}”`]);

const ARROWS: Readonly<Record<string, string>> = { inbound: '←', outbound: '→', internal: '·' };

/** One event a line, in the order given; `late` says which came to the hub long after they happened. */
export function timelineLines(
  entries: readonly TimelineEntry[],
  late: (entry: TimelineEntry) => boolean,
  columns: number,
  look: Paint,
): string[] {
  let lastDay = '';
  return entries.map((entry) => {
    const today = dayOf(entry.at);
    const day = today === lastDay ? '' : today;
    lastDay = today;
    const mark = late(entry) ? look.warn('late') : '    ';
    const arrow = ARROWS[entry.direction ?? ''] ?? ' ';
    const lead = `${pad(day, 7)}${hourOf(entry.at)} ${mark} ${pad(cut(entry.channel, 8), 9)}${arrow} `;
    return lead + cut((entry.summary ?? '').replace(/\s+/g, ' '), columns - width(lead));
  });
}
