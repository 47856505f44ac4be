import type { ParameterProblem } from '@threadline/contracts/read-validation';
import { ProblemError } from '@threadline/platform/problem';

/** One thing wrong with a body: a JSON Pointer into it. */
export interface BodyProblem {
  path: string;
  message: string;
}

const named = (problem: ParameterProblem | BodyProblem): string =>
  `${'parameter' in problem ? problem.parameter : problem.path || 'the body'} ${problem.message}`;

/** 400: parameters or a body that cannot be taken; each thing wrong is named. */
export class InvalidRequestError extends ProblemError {
  constructor(problems: readonly (ParameterProblem | BodyProblem)[]) {
    super(400, 'invalid-request', problems.map(named).join('; '), { problems });
  }
}

/** 404: nothing under this name, or nothing of it was known then. */
export class NotFoundError extends ProblemError {
  constructor(what: string) {
    super(404, 'not-found', `there is no such ${what}`);
  }
}

/** 409: what was asked for is under way already. */
export class BusyError extends ProblemError {
  constructor(detail: string) {
    super(409, 'busy', detail);
  }
}
