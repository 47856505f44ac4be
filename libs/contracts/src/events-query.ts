import { IsOptional } from 'class-validator';
import { IsOneOf } from './read-rules.js';

/** The parameters of POST /v1/events. */
export class EventsQueryDto {
  /** Original times, full stitching, no reactions, no live push. */
  @IsOptional() @IsOneOf(['backfill']) mode?: 'backfill';
  /** Of cluster mode; in embedded mode the answer always waits for the log. */
  @IsOptional() @IsOneOf(['log']) wait?: 'log';
}
