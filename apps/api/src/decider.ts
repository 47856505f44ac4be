import type { DecidedBy } from '@threadline/domain/decision';
import type { KeyDirectory } from '@threadline/platform/key-directory';
import { callerOf } from '@threadline/platform/scope-guard';
import type { FastifyRequest } from 'fastify';

/** Who decides: the key that a request came with. */
export function deciderOf(request: FastifyRequest, keys: KeyDirectory): DecidedBy {
  const { id } = callerOf(request);
  const known = keys.keys.get(id);
  return {
    key: id,
    ...(known?.status === 'active' && known.label !== undefined && { label: known.label }),
  };
}
