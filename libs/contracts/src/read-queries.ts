import { IsOptional } from 'class-validator';
import {
  IsFilled,
  IsOneOf,
  IsPartyId,
  IsPosition,
  IsPositionOrTime,
  IsShare,
  IsText,
  IsTime,
  IsTypeList,
  IsWholeNumber,
} from './read-rules.js';

/** What every read takes. All members are as they came: checked, not converted. */
export class ReadQueryDto {
  @IsOptional() @IsPosition() minPosition?: string;
}

/** The two clocks, of every read of a customer. */
export class CustomerQueryDto extends ReadQueryDto {
  @IsOptional() @IsTime() asOf?: string;
  @IsOptional() @IsPositionOrTime() knownAt?: string;
}

export class CardQueryDto extends CustomerQueryDto {
  @IsOptional() @IsOneOf(['true', 'false']) explain?: string;
}

export class TimelineQueryDto extends CustomerQueryDto {
  @IsOptional() @IsWholeNumber(1, 200) limit?: string;
  @IsOptional() @IsText() cursor?: string;
  @IsOptional() @IsOneOf(['asc', 'desc']) order?: string;
  @IsOptional() @IsFilled(256) channel?: string;
  @IsOptional() @IsFilled(256) type?: string;
  @IsOptional() @IsTime() from?: string;
  @IsOptional() @IsTime() to?: string;
  @IsOptional() @IsText() q?: string;
}

export class IdentityQueryDto extends CustomerQueryDto {
  @IsOptional() @IsWholeNumber(1, 1000) limit?: string;
  @IsOptional() @IsText() cursor?: string;
  @IsOptional() @IsOneOf(['true', 'false']) explain?: string;
}

export class ReviewsQueryDto extends ReadQueryDto {
  @IsOptional() @IsWholeNumber(1, 200) limit?: string;
  @IsOptional() @IsText() cursor?: string;
}

export class SuggestionsQueryDto extends ReadQueryDto {
  @IsOptional() @IsWholeNumber(1, 200) limit?: string;
  @IsOptional() @IsText() cursor?: string;
  @IsOptional() @IsPartyId() customer?: string;
  @IsOptional() @IsShare() minScore?: string;
}

export class SearchQueryDto extends ReadQueryDto {
  @IsOptional() @IsText() q?: string;
  @IsOptional() @IsWholeNumber(1, 200) limit?: string;
  @IsOptional() @IsText() cursor?: string;
}

/** One event a line has no limit unless one is given. */
const mostEvents = (all: Record<string, unknown>): number => (all['format'] === 'ndjson' ? 1e15 - 1 : 10_000);

export class LogQueryDto extends ReadQueryDto {
  static readonly repeatable = ['types'];
  @IsOptional() @IsPosition() after?: string;
  @IsOptional() @IsTypeList() types?: string | string[];
  @IsOptional() @IsWholeNumber(1, mostEvents) limit?: string;
  @IsOptional() @IsOneOf(['json', 'ndjson']) format?: string;
}

export class LiveQueryDto extends ReadQueryDto {
  @IsOptional() @IsFilled(512) store?: string;
  @IsOptional() @IsPartyId() customer?: string;
}

/** Takes nothing. */
export class NoQueryDto {}
