import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PartyTraits } from '@threadline/domain/identity/identity-links';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { resolveIdentity } from '@threadline/domain/identity/resolve-identity';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import { IDENTITY_TWINS } from '../support/identity-breakages.js';
import * as healthy from '../support/identity-properties.js';

/** Worlds a property; `THREADLINE_RUNS` raises it. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 1_000);

describe('identity', () => {
  it('is the same however it came', () => healthy.anyOrder(RUNS));
  it('after merge and unmerge is as if nothing had been said', () => healthy.mergeAndUnmerge(RUNS));
  it('lets any of a customer go, and takes them back', () => healthy.awayAndBack(RUNS));
  it('undoes any of a hundred merges', () => healthy.chains(Math.ceil(RUNS / 200)));
  it('is in the product what it is in the reference', () => healthy.resolvedAgrees(RUNS));
  it('is so after every step', () => healthy.followedAgrees(RUNS));
});

describe('a link that is refused by several unlinks', () => {
  it('is refused by the oldest: an unmerge does not take the reason over', () => {
    const link = { a: 1, b: 2, strength: 0, at: 1, event: 'seen', place: 1 };
    const traits = (): PartyTraits => ({ kind: 'email', never: undefined, first: 0 });
    const apart = { event: 'apart', at: 2, parties: [1], rest: [2] };
    const merge = { event: 'merge', at: 3, parties: [1, 2] };
    const unmerge = { event: 'unmerge', at: 4, parties: [2], rest: [1] };
    for (const decisions of [[apart], [apart, merge, unmerge]]) {
      const { refused } = resolveIdentity({ links: [link], decisions, traits }, DEFAULT_RULES);
      assert.deepEqual(refused, [{ rule: 'unlinked', because: 'apart' }]);
    }
  });
});

describe('identity, broken on purpose', () => {
  for (const { property, name, breakages } of IDENTITY_TWINS) {
    it(`${property} notices that ${name}`, async () => {
      const url = import.meta.resolve('../support/identity-properties.js');
      const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, url, breakages);
      assert.throws(() => build[property](TWIN_RUNS), isFinding);
    });
  }
});
