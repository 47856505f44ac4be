import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';

/** What a key may be used for. */
export const KEY_SCOPES = ['write', 'read', 'act', 'analyse', 'admin'] as const;

/** The body of `POST /v1/keys`. */
export class CreateKeyDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(KEY_SCOPES.length)
  @ArrayUnique()
  @IsIn(KEY_SCOPES, { each: true, message: `must hold only ${KEY_SCOPES.join(', ')}` })
  scopes!: (typeof KEY_SCOPES)[number][];

  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;
}
