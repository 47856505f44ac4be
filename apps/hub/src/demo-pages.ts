import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { amounts, cardLines, dayOf, hourOf, said, timelineLines, when } from './demo-card.js';
import type { SampleDay } from './demo-day.js';
import type { Marks, Story } from './demo-story.js';
import { COLUMNS, cut, pad, paragraph, rule, type Paint } from './demo-terminal.js';

/** Everything that the demo prints when the day is over. */
export function pages(day: SampleDay, story: Story, marks: Marks, look: Paint): string[] {
  const { tablet } = day.heroine;
  // Happened before the tablet was read, and was not in the log yet.
  const late = ({ at, position }: TimelineEntry): boolean => at < tablet && later(position, marks.tablet);
  const inside = COLUMNS - 2;
  return [
    rule(`The associate's tablet at ${hourOf(tablet)}: she walks in`, look),
    '',
    ...cardLines(story.tablet, inside, look).map(indented),
    '',
    rule('Her timeline by closing time', look),
    '',
    ...timelineLines(story.timeline, late, inside, look).map(indented),
    '',
    ...paragraph(
      `What is “late” happened before ${hourOf(tablet)} and came to the hub after it: it stands where it ` +
        `happened, and the tablet could not show it. ${sinceThen(story.tablet, story.card)}`,
    ),
    '',
    rule('The evening: who turned out to be one person', look),
    '',
    ...evening(story, look),
    '',
    rule('The goldfish', look),
    '',
    ...goldfish(story, look),
  ];
}

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);

/** Positions are opaque but comparable: the shorter number is the smaller one. */
const later = (a: string, b: string): boolean => a.length > b.length || (a.length === b.length && a > b);

const sinceThen = ({ purchases: then }: Card, { purchases: now, promises }: Card): string =>
  `She had spent ${amounts(then.spend)} in ${then.orders} orders; now it is ${amounts(now.spend)} in ${now.orders}, ` +
  `returns (${now.returns}) taken off. Promises still open: ${promises.open.length}.`;

function evening({ customersBefore, customersAfter, reunions }: Story, look: Paint): string[] {
  const joined = reunions.reduce((sum, { were }) => sum + were.length, 0);
  const newcomers = customersAfter - (customersBefore - joined + reunions.length);
  if (reunions.length === 0) return paragraph('Nobody: all of them had come together before.');
  return [
    ...paragraph(
      `${customersBefore} customers were known when the evening began, ${customersAfter} are when it ends: ` +
        `${joined} of them turned out to be ${reunions.length} people, and ${newcomers} are new.`,
    ),
    ...reunions.flatMap(({ name, were, by }) => [
      '',
      `  ${look.title(name)}`,
      ...were.map((known) => `    ${cut(known.join(' + '), COLUMNS - 4)}`),
      ...by.map(({ at, channel, words }) => {
        const lead = `${when(at)} ${pad(channel, 8)}`;
        return `    ${look.good('shown by')} ${lead} ${cut(words, COLUMNS - 14 - lead.length)}`;
      }),
    ]),
  ];
}

function goldfish({ goldfish: moments }: Story, look: Paint): string[] {
  return moments.flatMap(({ at, asker, slot, told, couldKnow }) => [
    ...paragraph(
      `${hourOf(at)}  ${asker} asks for ${slot}, which was told on ${dayOf(told.at)} at ${hourOf(told.at)}: ` +
        `${said(told.value)}.`,
    ),
    couldKnow
      ? `  ${look.warn('A goldfish: it stood on the card of the very customer who was asked.')}`
      : `  ${look.quiet('Forgiven: nobody could know yet that the visitor was she.')}`,
  ]);
}
