import { basename } from 'node:path';
import { refused, type Imported, type ImportOptions, type Refusal } from '../imported.js';
import { GroupedRows, type NumberedRow } from './grouped-rows.js';
import { elementsOf, type Mapping, type Rule } from './mapping.js';
import type { Scope } from './template.js';

/** A row, or why there is none. */
export type TableRow = (NumberedRow & { readonly item: string }) | Refusal;

interface OpenGroup {
  key: string;
  rows: NumberedRow[];
}

/** Makes events of rows. A row that no rule applies to is refused too: nothing is left out in silence. */
export async function* rowsToEvents(
  name: string,
  rows: AsyncIterable<TableRow>,
  { rules }: Mapping,
  options: ImportOptions,
): AsyncGenerator<Imported> {
  const file = basename(name);
  const scopeOf = ({ row, line }: NumberedRow, group: readonly NumberedRow[]): Scope => ({
    row,
    rows: group.map((each) => each.row),
    index: 1,
    line,
    file,
  });
  const groups = new Map<Rule, GroupedRows>();
  const open = new Map<Rule, OpenGroup>();
  const ofGroup = (rule: Rule, group: NumberedRow[]): Imported[] => {
    const [first] = group;
    return first === undefined ? [] : [rule.event(`${name}:${first.line}`, scopeOf(first, group), options)];
  };
  try {
    for (const rule of rules) {
      if (rule.group?.sorted === false) groups.set(rule, new GroupedRows());
    }
    for await (const row of rows) {
      if ('kind' in row) {
        yield row;
        continue;
      }
      const scope = scopeOf(row, [row]);
      const applying = rules.filter((rule) => rule.applies(scope));
      if (applying.length === 0) yield refused(row.item, 'no rule of the mapping applies to it');
      for (const rule of applying) {
        if (rule.group === undefined) {
          yield* single(row.item, rule, scope, options);
          continue;
        }
        const value = rule.group.by.value(scope);
        if (value === undefined) {
          yield refused(row.item, `has no ${rule.group.by.columns.join(', ')}: it belongs to no group`);
          continue;
        }
        const key = typeof value === 'string' ? value : JSON.stringify(value);
        const collected = groups.get(rule);
        if (collected !== undefined) {
          collected.add(key, row);
          continue;
        }
        const last = open.get(rule);
        if (last?.key === key) last.rows.push(row);
        else {
          open.set(rule, { key, rows: [row] });
          if (last !== undefined) yield* ofGroup(rule, last.rows);
        }
      }
    }
    for (const [rule, { rows: last }] of open) yield* ofGroup(rule, last);
    for (const [rule, collected] of groups) {
      for (const group of collected.groups()) yield* ofGroup(rule, group);
    }
  } finally {
    for (const collected of groups.values()) collected.close();
  }
}

function* single(item: string, rule: Rule, scope: Scope, options: ImportOptions): Generator<Imported> {
  if (rule.each === undefined) {
    yield rule.event(item, scope, options);
    return;
  }
  const elements = elementsOf(scope.row, rule.each);
  if (elements === undefined) {
    yield refused(item, `has no list ${JSON.stringify(rule.each)}`);
    return;
  }
  for (const [position, element] of elements.entries()) {
    const index = position + 1;
    yield rule.event(`${item}/${rule.each}/${position}`, { ...scope, item: element, index }, options);
  }
}
