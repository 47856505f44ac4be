import type { Breakage } from './broken-build.js';

/** A build that is broken in one way, and the property that has to notice. */
export interface Twin<Property extends string> {
  readonly property: Property;
  /** Ends the sentence "… notices that". */
  readonly name: string;
  readonly breakages: readonly Breakage[];
}

export const one = <Property extends string>(
  property: Property,
  name: string,
  ...places: readonly (readonly [file: string, find: string, put: string])[]
): Twin<Property> => ({
  property,
  name,
  breakages: places.map(([file, find, put]) => ({ file, find, put })),
});

const INTERACTION = 'libs/domain/dist/interaction.js';
const IDENTIFIER = 'libs/domain/dist/identifier.js';
const STORED = 'libs/domain/dist/stored-event.js';
const STORE = 'libs/event-store/dist/sqlite-event-store.js';
const VALID = 'libs/event-store/dist/valid-append.js';
const LOG_TABLE = 'libs/event-store/dist/sqlite/log-table.js';
const DECISIONS = 'apps/ingest/dist/event-decisions.js';
const CONTRIBUTION = 'libs/projections/dist/contribution.js';
const REFS = 'libs/projections/dist/refs.js';
const SUMMARY = 'libs/projections/dist/summary.js';
const CARD = 'libs/projections/dist/render-card.js';
const ROWS = 'libs/read-store/dist/sqlite/customer-statements.js';
const GRAPH = 'libs/domain/dist/identity/identity-graph.js';
const IDENTITY_ROWS = 'libs/read-store/dist/sqlite/identity-statements.js';
const PROJECTOR = 'libs/read-store/dist/customers-projector.js';
const PAST = 'libs/read-store/dist/customers/past-view.js';
const VAULT = 'libs/vault/dist/sqlite-vault.js';

export const TWINS = [
  one(
    'rule2',
    'nothing is deduplicated',
    [INTERACTION, 'if (recorded === undefined) return', 'return'],
    [STORE, 'if (known.length === events.length)', 'if (false)'],
    [STORE, 'if (known.length > 0)', 'if (false)'],
    [VALID, 'valid.length > 1 &&', 'false &&'],
  ),
  one('rule2', 'another content passes for a copy', [
    INTERACTION,
    'throw new ContentConflictError(event.eventId);',
    'return [];',
  ]),
  one('rule2', 'a name is looked for in its own interaction only', [
    DECISIONS,
    'log.find === undefined',
    'true',
  ]),
  one('rule3', 'the time of recording is that of reading', [
    LOG_TABLE,
    'if (contentHash(stream, revision, recordedAt, event) !== hash) {',
    'Object.assign(event, { recordedAt: performance.now() }); if (false) {',
  ]),
  one('rule4', 'customers are never joined', [GRAPH, 'store.relabel(store.parties(from), to);', ';']),
  one('rule4', 'a customer keeps the id of the party that came first', [
    CARD,
    'a.naming.first - b.naming.first ||',
    '',
  ]),
  one('rule5', 'ties break by arrival', [
    REFS,
    'return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;',
    'return Number(a[2]) - Number(b[2]);',
  ]),
  one('rule5', 'the timeline is in the order of arrival', [
    ROWS,
    'Buffer.compare(a.key, b.key)',
    '(a.position - b.position)',
  ]),
  one('rule5', 'every version stands', [CONTRIBUTION, 'greatestOf.get(event.type) === event', 'true']),
  one('rule5', 'the identifier listed first is home', [IDENTIFIER, 'rank(strength) < best', 'home < 0']),
  one('rule5', 'shared identifiers link', [IDENTIFIER, "strength !== 'shared'", 'true']),
  one('rule5', 'money is a float', [
    SUMMARY,
    'amount : add(sum, amount)',
    'amount : String(Number(sum) + Number(amount))',
  ]),
  one('rule5OfCrowds', 'what many parties add up to is never added up again', [
    ROWS,
    'known?.stamp === stamp',
    'known !== undefined',
  ]),
  one('rule6', 'a changed interaction leaves its old contribution behind', [
    PROJECTOR,
    'changes.dirty.add(was.home);',
    ';',
  ]),
  one('ruleOfVerify', 'a changed interaction leaves its old contribution behind', [
    PROJECTOR,
    'changes.dirty.add(was.home);',
    ';',
  ]),
  one('ruleOfVerify', 'an entry stays under its old home', [
    PROJECTOR,
    'this.model.removeEntry(party, key);',
    ';',
  ]),
  one('ruleOfVerify', 'customers are never joined', [GRAPH, 'store.relabel(store.parties(from), to);', ';']),
  one('ruleOfVerify', 'what became of a link is never written again', [
    GRAPH,
    'this.store.putLink(link, refusal);',
    ';',
  ]),
  one('rule7', 'the business time of a decision is not looked at', [
    IDENTITY_ROWS,
    'WHERE d.party = ? AND e.at <= ?',
    'WHERE d.party = ? AND e.at <= 9e15 + 0 * ?',
  ]),
  one('rule7', 'the business time asked for is not looked at', [
    PAST,
    'at <= cut.asOf && position <= cut.knownAt',
    'position <= cut.knownAt',
  ]),
  one('rule7', 'the position asked for is not looked at', [
    PAST,
    'at <= cut.asOf && position <= cut.knownAt',
    'at <= cut.asOf',
  ]),
  one('rule9', 'what was said is declared clear', [
    STORED,
    'if (common.direction !== undefined)',
    'if (common.content?.text) clear.text = common.content.text; if (common.direction !== undefined)',
  ]),
  one('rule9OfTheForgotten', 'a destroyed key is still there', [
    VAULT,
    'DELETE FROM sealing_key WHERE handle = ?',
    'UPDATE sealing_key SET box = box WHERE handle = ?',
  ]),
] as const;

const TRAIL = 'libs/projections/dist/trail.js';
const REASONS_JSON = 'libs/projections/dist/reasons-json.js';
const NAMING = 'libs/projections/dist/naming.js';
const RECENT = 'libs/projections/dist/recent.js';

export const TWINS_OF_REASONS = [
  one('rule10', 'what parties overruled is lost where they are brought together', [
    TRAIL,
    'trail.count += count;',
    'trail.count = Math.max(trail.count, count);',
  ]),
  one('rule10', 'ties break by arrival', [
    REFS,
    'return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;',
    'return Number(a[2]) - Number(b[2]);',
  ]),
  one('rule10', 'a superseded version is not told', [TRAIL, 'trail.superseded++;', 'return;']),
  one('rule10', 'what was stated twice is taken for stated once', [
    REASONS_JSON,
    'count === 1 && superseded === 0',
    'superseded === 0',
  ]),
  one('rule10', 'a superseded order is told as part of the spend', [ROWS, 'flags & 1 AND', '']),
  one('rule10', 'somebody else’s name is told as the customer’s', [RECENT, ' && parties.has(key)', '']),
  one('rule10', 'an identifier names the last event that shows its strength', [
    NAMING,
    'a.shown.at - b.shown.at',
    'b.shown.at - a.shown.at',
  ]),
  one('rule10OfTheForgotten', 'a destroyed key is still there', [
    VAULT,
    'DELETE FROM sealing_key WHERE handle = ?',
    'UPDATE sealing_key SET box = box WHERE handle = ?',
  ]),
] as const;
