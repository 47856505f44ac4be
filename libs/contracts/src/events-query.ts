import { IsOptional } from 'class-validator';
import { IsOneOf, IsWholeNumber } from './read-rules.js';

/** The parameters of POST /v1/events. */
export class EventsQueryDto {
  /** Original times, full stitching, no reactions, no live push. */
  @IsOptional() @IsOneOf(['backfill']) mode?: 'backfill';
  /** Of cluster mode; in embedded mode the answer always waits for the log. */
  @IsOptional() @IsOneOf(['log']) wait?: 'log';
}

/** The parameters of GET /v1/dead. */
export class DeadQueryDto {
  @IsOptional() @IsWholeNumber(1, 1000) limit?: string;
}
