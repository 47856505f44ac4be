import { ValidateBy, type ValidationArguments } from 'class-validator';
import { readPosition, readTime } from './read-time.js';

type Rule = (value: string, all: Record<string, unknown>) => boolean;

const text = (name: string, message: string, rule: Rule): PropertyDecorator =>
  ValidateBy({
    name,
    validator: {
      validate: (value: unknown, args?: ValidationArguments) =>
        typeof value === 'string' && rule(value, (args?.object ?? {}) as Record<string, unknown>),
      defaultMessage: () => message,
    },
  });

/** Decimal digits, as `position` and `next` of other answers. */
export const IsPosition = (): PropertyDecorator =>
  text('position', 'must be a position: decimal digits', (value) => readPosition(value) !== undefined);

/** RFC 3339 with an offset. */
export const IsTime = (): PropertyDecorator =>
  text(
    'time',
    'must be a time as RFC 3339 says, such as 2026-03-02T10:15:00Z',
    (value) => readTime(value) !== undefined,
  );

export const IsPositionOrTime = (): PropertyDecorator =>
  text(
    'positionOrTime',
    'must be a position (decimal digits) or a time as RFC 3339 says',
    (value) => readPosition(value) !== undefined || readTime(value) !== undefined,
  );

/** A whole number in decimal digits; `most` may depend on the other parameters. */
export const IsWholeNumber = (
  least: number,
  most: number | ((all: Record<string, unknown>) => number),
): PropertyDecorator => {
  const limit = typeof most === 'number' ? () => most : most;
  return ValidateBy({
    name: 'wholeNumber',
    validator: {
      validate: (value: unknown, args?: ValidationArguments) => {
        if (typeof value !== 'string' || !/^\d{1,15}$/.test(value)) return false;
        return (
          Number(value) >= least && Number(value) <= limit((args?.object ?? {}) as Record<string, unknown>)
        );
      },
      defaultMessage: (args?: ValidationArguments) =>
        `must be a whole number from ${least} to ${limit((args?.object ?? {}) as Record<string, unknown>)}`,
    },
  });
};

/** A number from 0 to 1, in decimal digits. */
export const IsShare = (): PropertyDecorator =>
  text('share', 'must be a number from 0 to 1, such as 0.9', (value) =>
    /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(value),
  );

/** Any text that is not empty, up to `longest` UTF-16 units. */
export const IsFilled = (longest: number): PropertyDecorator =>
  text(
    'filled',
    `must be a text of 1 to ${longest} characters`,
    (value) => value.length > 0 && value.length <= longest,
  );

/** Any text at all. */
export const IsText = (): PropertyDecorator => text('text', 'must be a text', () => true);

export const IsOneOf = (choices: readonly string[]): PropertyDecorator =>
  text('oneOf', `must be ${choices.join(' or ')}`, (value) => choices.includes(value));

/** The id of a customer, party or interaction: 32 lower-case hex digits. */
export const IsPartyId = (): PropertyDecorator =>
  text('partyId', 'must be an id: 32 hexadecimal digits', (value) => /^[0-9a-f]{32}$/.test(value));

/** Event types, separated by commas; the parameter itself may be repeated as well. */
export const IsTypeList = (): PropertyDecorator =>
  ValidateBy({
    name: 'typeList',
    validator: {
      validate: (value: unknown) => {
        const lists: unknown[] = Array.isArray(value) ? value : [value];
        return lists.every(
          (list) => typeof list === 'string' && list.split(',').every((type) => type.trim() !== ''),
        );
      },
      defaultMessage: () => 'must name event types, separated by commas',
    },
  });
