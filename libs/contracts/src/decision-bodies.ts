// class-transformer's @Type reads what it keeps.
import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsObject,
  IsOptional,
  Matches,
  ValidateNested,
} from 'class-validator';
import { NOT_BLANK } from './event-schema.js';
import { IsFilled } from './read-rules.js';

/** Parties of one decision: of a customer of more, the smaller side is the one to name. */
export const MOST_PARTIES = 10_000;
export const LONGEST_REASON = 2_000;
const LONGEST_STAFF = 200;

const IsSaid = (): PropertyDecorator =>
  Matches(new RegExp(NOT_BLANK), { message: 'must be a text that is not blank' });

class PartyDto {
  @IsSaid() kind!: string;
  @IsSaid() value!: string;
}

/** Whoever is at the screen, where many use one key. */
class StaffDto {
  @IsOptional() @IsFilled(LONGEST_STAFF) id?: string;
  @IsOptional() @IsFilled(LONGEST_STAFF) name?: string;
}

class DecisionDto {
  @IsOptional() @IsFilled(LONGEST_REASON) reason?: string;

  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested({ message: 'must be an object' })
  @Type(() => StaffDto)
  staff?: StaffDto;
}

/** The body of `POST /v1/identity/links`. */
export class LinkDto extends DecisionDto {
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(2, { message: 'must name at least two parties' })
  @ArrayMaxSize(MOST_PARTIES, { message: `must name at most ${MOST_PARTIES} parties` })
  @IsObject({ each: true, message: 'must hold objects' })
  @ValidateNested({ each: true, message: 'must be an object' })
  @Type(() => PartyDto)
  parties!: PartyDto[];
}

/** The body of `POST /v1/identity/unlinks`. */
export class UnlinkDto extends DecisionDto {
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name at least one party' })
  @ArrayMaxSize(MOST_PARTIES, { message: `must name at most ${MOST_PARTIES} parties` })
  @IsObject({ each: true, message: 'must hold objects' })
  @ValidateNested({ each: true, message: 'must be an object' })
  @Type(() => PartyDto)
  parties!: PartyDto[];
}
