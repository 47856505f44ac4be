import { edits } from './nearness.js';

/** A day of birth; 0 stands for a part that is not known. */
export interface Birthday {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const YEAR_FIRST = /^(\d{4})(?:\D+(\d{1,2})(?:\D+(\d{1,2}))?)?(?:\D.*)?$/;
const YEAR_LAST = /^(\d{1,2})\D+(\d{1,2})\D+(\d{4})$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * What a text says of a day of birth: `1971-06-24`, `19710624`, `1971`, `1971-06`, `24.6.1971`, `6/24/1971`,
 * `24 June 1971`, `1971年6月24日`, `--06-24`. Where day and month can be either, the day is taken to be first: who compares sees
 * them swapped. Undefined where it says nothing.
 */
export function parseBirthday(text: string): Birthday | undefined {
  const plain = text.normalize('NFKC').trim().toLowerCase();
  const noYear = /^--(\d{1,2})-?(\d{1,2})$/.exec(plain);
  if (noYear !== null) return checked(0, Number(noYear[1]), Number(noYear[2]));
  const named = plain.replace(/[a-z]{3,}/, (word) => {
    const month = MONTHS.indexOf(word.slice(0, 3)) + 1;
    return month === 0 ? word : ` ${month} `;
  });
  const first = COMPACT.exec(named) ?? YEAR_FIRST.exec(named);
  if (first !== null) return checked(Number(first[1]), Number(first[2] ?? 0), Number(first[3] ?? 0));
  const last = YEAR_LAST.exec(named.trim());
  if (last === null) return undefined;
  const isMonthFirst = Number(last[2]) > 12 || /^[a-z]/.test(plain);
  const [day, month] = isMonthFirst ? [last[2], last[1]] : [last[1], last[2]];
  return checked(Number(last[3]), Number(month), Number(day));
}

function checked(year: number, month: number, day: number): Birthday | undefined {
  return (year === 0 || (year >= 1000 && year < 3000)) && year + month > 0 ? { year, month, day } : undefined;
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** All of it as eight digits: `19710624`. */
export const birthdayDigits = ({ year, month, day }: Birthday): string =>
  pad(year, 4) + pad(month, 2) + pad(day, 2);

/**
 * How two days of birth stand to each other. `slip`: one digit, two neighbouring ones swapped, or day and month swapped.
 * `slips`: two of these, or one part (day, month or year) that differs altogether. `part`: what both know is the same, but
 * not the whole day.
 */
export type BirthdayNearness = 'same' | 'part' | 'slip' | 'slips' | 'different';

export function compareBirthdays(a: Birthday, b: Birthday): BirthdayNearness {
  const parts = (['year', 'month', 'day'] as const).filter((part) => a[part] > 0 && b[part] > 0);
  const apart = parts.filter((part) => a[part] !== b[part]).length;
  if (parts.length < 3) return parts.length > 0 && apart === 0 ? 'part' : 'different';
  if (apart === 0) return 'same';
  if (a.year === b.year && a.month === b.day && a.day === b.month) return 'slip';
  const digits = edits(birthdayDigits(a), birthdayDigits(b), 2);
  if (digits === 1) return 'slip';
  return digits === 2 || apart === 1 ? 'slips' : 'different';
}
