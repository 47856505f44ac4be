import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { one } from '../support/breakages.js';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import * as healthy from '../support/working-copies.js';

/** Histories; `THREADLINE_RUNS` raises it. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 6);

const PROJECTOR = 'libs/read-store/dist/customers-projector.js';
const GRAPH = 'libs/domain/dist/identity/identity-graph.js';
const STORE = 'libs/read-store/dist/sqlite/sqlite-identity-store.js';

const TWINS = [
  one('equalCopies', 'a customer is called by whoever was more', [
    GRAPH,
    'one < other ?',
    'store.size(one) > store.size(other) ?',
  ]),
  one('equalCopies', 'links are kept as interactions are gone through', [
    PROJECTOR,
    'changes.links.sort(byPosition);',
    '',
  ]),
  one('equalCopies', 'terms are numbered as they are written', [
    PROJECTOR,
    'for (const term of changes.terms)',
    'for (const term of [])',
  ]),
  one('equalCopies', 'a kind is numbered where it is asked for', [
    STORE,
    'this.model.knownTerm(kind)',
    'this.model.term(kind)',
  ]),
] as const;

describe('working copies of one log', () => {
  it('have the same rows whatever batches it came in', () => healthy.equalCopies(RUNS));

  describe('broken on purpose', () => {
    for (const { property, name, breakages } of TWINS) {
      it(`${property} notices that ${name}`, async () => {
        const module = import.meta.resolve('../support/working-copies.js');
        const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, module, breakages);
        await assert.rejects(() => build[property](TWIN_RUNS), isFinding);
      });
    }
  });
});
