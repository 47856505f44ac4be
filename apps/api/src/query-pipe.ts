import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { checkQuery, type QueryClass } from '@threadline/contracts/read-validation';
import { InvalidRequestError } from './request-errors.js';

/** Checks a query against the class of the parameter; everything that is wrong is named in one answer. */
@Injectable()
export class QueryPipe implements PipeTransform<Readonly<Record<string, unknown>>, object> {
  transform(given: Readonly<Record<string, unknown>>, { metatype }: ArgumentMetadata): object {
    const { query, problems } = checkQuery(metatype as QueryClass<object>, given);
    if (problems.length > 0) throw new InvalidRequestError(problems);
    return query;
  }
}
