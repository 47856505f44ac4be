import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';

/** One thing wrong with a parameter, or with a member of a body (then a JSON Pointer). */
export interface ParameterProblem {
  parameter: string;
  message: string;
}

/** A class of parameters; `repeatable` names those that may be given more than once. */
export interface QueryClass<Query extends object> {
  new (): Query;
  readonly repeatable?: readonly string[];
}

const known = new WeakMap<object, ReadonlySet<string>>();

/** The names of the parameters that a class declares, in the order of their declaration, its bases' first. */
export function parametersOf(type: QueryClass<object>): ReadonlySet<string> {
  let names = known.get(type);
  if (names === undefined) {
    const declared = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
    const base = Object.getPrototypeOf(type) as QueryClass<object> | null;
    const inherited = base !== null && base !== Function.prototype ? [...parametersOf(base)] : [];
    names = new Set([...inherited, ...declared.map(({ propertyName }) => propertyName)]);
    known.set(type, names);
  }
  return names;
}

/** Names everything that is wrong at once: unknown, repeated and unreadable parameters. */
export function checkQuery<Query extends object>(
  type: QueryClass<Query>,
  given: Readonly<Record<string, unknown>>,
): { query: Query; problems: ParameterProblem[] } {
  const names = parametersOf(type);
  const problems: ParameterProblem[] = [];
  const query = new type();
  for (const [parameter, value] of Object.entries(given)) {
    if (!names.has(parameter)) problems.push({ parameter, message: 'is not a parameter here' });
    else if (Array.isArray(value) && !type.repeatable?.includes(parameter)) {
      problems.push({ parameter, message: 'must be given once' });
    } else Object.assign(query, { [parameter]: value });
  }
  if (names.size > 0) {
    for (const error of validateSync(query, { forbidUnknownValues: false })) problems.push(problemOf(error));
  }
  return { query, problems };
}

const problemOf = (error: ValidationError): ParameterProblem => ({
  parameter: error.property,
  message: Object.values(error.constraints ?? {}).join(', ') || 'is not valid',
});
