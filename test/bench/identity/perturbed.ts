import { labelled, type LabelledSet, type Table } from './labelled-file.js';
import { Seeded, slip } from './seeded.js';

const keeps = new Set(['id', 'truth']);

/** The set with one thing changed: what holds only because of this column, this order or these errors shows. */
export function perturbed(name: string, table: Table, truth?: string): LabelledSet[] {
  const { columns } = labelled(name, table, truth);
  const random = new Seeded(20_261_122);
  const changed: LabelledSet[] = [];
  const add = (what: string, changedTable: Table): void => {
    changed.push(labelled(`${name}, ${what}`, changedTable, truth));
  };
  const order = random.shuffled(table.columns.map((_, at) => at));
  add('columns and rows shuffled', {
    columns: order.map((at) => table.columns[at] as string),
    rows: random.shuffled(table.rows.map((row) => order.map((at) => row[at] ?? ''))),
  });
  const isData = (column: string): boolean =>
    !keeps.has(columns[column] ?? 'not used') && columns[column] !== 'not used';
  for (const [share, what] of [
    [0.03, 'a slip in 3 % of the fields'],
    [0.1, 'a slip in 10 % of the fields'],
  ] as const) {
    add(
      what,
      mapped(table, isData, (value) => (random.happens(share) ? slip(value, random) : value)),
    );
  }
  add(
    '5 % of the fields emptied',
    mapped(table, isData, (value) => (random.happens(0.05) ? '' : value)),
  );
  for (const dropped of table.columns.filter(isData)) {
    const at = table.columns.indexOf(dropped);
    add(`without ${dropped}`, {
      columns: table.columns.filter((_, column) => column !== at),
      rows: table.rows.map((row) => row.filter((_, column) => column !== at)),
    });
  }
  return changed;
}

function mapped(table: Table, isData: (column: string) => boolean, change: (value: string) => string): Table {
  const data = table.columns.map(isData);
  return {
    columns: table.columns,
    rows: table.rows.map((row) =>
      row.map((value, at) => (data[at] === true && value !== '' ? change(value) : value)),
    ),
  };
}
