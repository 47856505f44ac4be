import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitCodeOf, isRetriable, ThreadlineError } from './errors.js';
import { problem, ProblemError, problemOf } from './problem.js';

describe('a problem', () => {
  it('is what RFC 9457 says, with members of our own', () => {
    const rejected = [{ index: 0, id: 'm-1', problems: [{ path: '/type', message: 'is missing' }] }];
    assert.deepEqual(
      problemOf(new ProblemError(400, 'none-acceptable', 'no event could be taken', { rejected })),
      {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        code: 'none-acceptable',
        detail: 'no event could be taken',
        rejected,
      },
    );
    assert.equal(problem(400, 'a', 'b', { status: 200, title: 'Fine' })['status'], 400);
    assert.equal('detail' in problem(404, 'not-found'), false);
  });

  it('tells of our errors what they say, of the framework its refusals, of the rest nothing', () => {
    const busy = new ThreadlineError('the disk is full', { code: 'disk-full', retriable: true, status: 503 });
    assert.deepEqual([problemOf(busy).status, problemOf(busy).code], [503, 'disk-full']);
    const tooLarge = Object.assign(new Error('body is too large'), { statusCode: 413, code: 'FST_ERR_CTP' });
    assert.deepEqual([problemOf(tooLarge).status, problemOf(tooLarge).detail], [413, 'body is too large']);
    const nest = Object.assign(new Error('not here'), { getStatus: () => 404 });
    assert.deepEqual([problemOf(nest).status, problemOf(nest).code], [404, 'not-found']);
    const inside = new ThreadlineError('ana@example.org fell', { code: 'x', retriable: false });
    for (const secret of [new Error('ana@example.org'), inside, 'ana', null, { statusCode: 404 }]) {
      assert.equal(problemOf(secret).status, 500);
      assert.equal(JSON.stringify(problemOf(secret)).includes('ana'), false);
    }
  });
});

describe('an error of ours', () => {
  it('has a name, a code, a cause, an exit code and says whether to try again', () => {
    class DiskFullError extends ThreadlineError {}
    const cause = new Error('ENOSPC');
    const error = new DiskFullError('full', { code: 'disk-full', retriable: true, exitCode: 74, cause });
    assert.deepEqual(
      [error.name, error.code, error.cause, exitCodeOf(error)],
      ['DiskFullError', 'disk-full', cause, 74],
    );
    assert.deepEqual([isRetriable(error), isRetriable(cause), exitCodeOf(cause)], [true, false, 1]);
  });
});
