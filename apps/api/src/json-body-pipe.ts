import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { EVENT_LIMIT } from '@threadline/contracts/cloudevents';
import { pointerToken } from '@threadline/contracts/validate-event';
import { ProblemError } from '@threadline/platform/problem';
import { InvalidRequestError, type BodyProblem } from './request-errors.js';

/** A body of our own API: JSON, checked against the class of the parameter; unknown members are refused. */
@Injectable()
export class JsonBodyPipe implements PipeTransform<Uint8Array | undefined, object> {
  transform(body: Uint8Array | undefined, { metatype }: ArgumentMetadata): object {
    const bytes = body?.byteLength ?? 0;
    if (bytes > EVENT_LIMIT)
      throw new ProblemError(413, 'too-large', `expected at most ${EVENT_LIMIT} bytes, but ${bytes} came`);
    const given = jsonObject(body);
    const value = plainToInstance(metatype as ClassConstructor<object>, given);
    const problems: BodyProblem[] = validateSync(value, {
      whitelist: true,
      forbidNonWhitelisted: true,
    }).flatMap((error) => problemsOf(error));
    if (Object.hasOwn(given, '__proto__'))
      problems.push({ path: '/__proto__', message: 'is not a member here' });
    if (problems.length > 0) throw new InvalidRequestError(problems);
    return value;
  }
}

function jsonObject(body: Uint8Array | undefined): object {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(body ?? new Uint8Array()),
    );
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below: what exactly is wrong with the JSON helps less than what is expected.
  }
  throw new InvalidRequestError([{ path: '', message: 'must be a JSON object in UTF-8' }]);
}

/** Of a member, and of the members of its own, each by its place. */
function problemsOf(
  { property, constraints = {}, children = [] }: ValidationError,
  above = '',
): BodyProblem[] {
  const path = `${above}/${pointerToken(property)}`;
  const own = Object.entries(constraints).map(([rule, message]) => ({
    path,
    message: rule === 'whitelistValidation' ? 'is not a member here' : message,
  }));
  return [...own, ...children.flatMap((child) => problemsOf(child, path))];
}
