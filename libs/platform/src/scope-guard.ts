import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { allows, keyFromAuthorization, type Scope } from './auth.js';
import { KeyDirectory, type Caller } from './key-directory.js';
import { ProblemError } from './problem.js';

const NEEDED = Symbol('needed scope');

/** What a key must allow to get to this controller or handler. */
export const Needs = (scope: Scope): ReturnType<typeof SetMetadata> => SetMetadata(NEEDED, scope);

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who came with a request that the guard has let in. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new TypeError('this request did not come through the guard');
  return caller;
}

/**
 * Lets in whoever has a key with the scope, before anything is looked at or looked up: 401 without one, 403 outside its
 * scope, whatever is there or not.
 */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(KeyDirectory) private readonly keys: KeyDirectory,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = keyFromAuthorization(request.headers.authorization);
    const caller = key === undefined ? undefined : this.keys.callerOf(key);
    if (caller === undefined) {
      const challenge = 'Bearer realm="threadline", Basic realm="threadline"';
      void http.getResponse<FastifyReply>().header('www-authenticate', challenge);
      throw new ProblemError(401, 'unauthorized', 'a key is needed: Authorization: Bearer <key>');
    }
    const needed = this.reflector.getAllAndOverride<Scope>(NEEDED, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!allows(caller.scopes, needed)) {
      throw new ProblemError(403, 'forbidden', `the key has not the scope ${needed}`);
    }
    callers.set(request, caller);
    return true;
  }
}
