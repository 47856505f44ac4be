import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { InvalidRequestError, type BodyProblem } from './request-errors.js';

/** A body of our own API: JSON, checked against the class of the parameter; unknown members are refused. */
@Injectable()
export class JsonBodyPipe implements PipeTransform<Uint8Array | undefined, object> {
  transform(body: Uint8Array | undefined, { metatype }: ArgumentMetadata): object {
    const given = jsonObject(body);
    const value = plainToInstance(metatype as ClassConstructor<object>, given);
    const problems: BodyProblem[] = validateSync(value, {
      whitelist: true,
      forbidNonWhitelisted: true,
    }).flatMap(problemsOf);
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

const problemsOf = ({ property, constraints = {} }: ValidationError): BodyProblem[] =>
  Object.entries(constraints).map(([rule, message]) => ({
    path: `/${property}`,
    message: rule === 'whitelistValidation' ? 'is not a member here' : message,
  }));
