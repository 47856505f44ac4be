/** One line of the table. */
export interface Figure {
  /** What was measured, and how. */
  readonly name: string;
  /** Events that the log held, or that were sent. */
  readonly events: number;
  readonly value: number;
  readonly unit: 'events/s' | 'commands/s' | 'ms' | 'µs' | 'MB' | 'bytes';
  /** The raw limit of the same run, in the same unit. */
  readonly raw?: number;
  /**
   * What it should be at least (a share of raw; with `absolute` a value) or at most (`ms`, `MB`); a figure is no
   * verdict.
   */
  readonly floor?: number;
  readonly aim?: number;
  readonly absolute?: boolean;
}

export const share = ({ value, raw }: Figure): number | undefined =>
  raw === undefined ? undefined : value / raw;

/** The value that so many per cent of the samples do not exceed. Sorts them. */
export function percentile(samples: number[], percent: number): number {
  samples.sort((a, b) => a - b);
  return samples[Math.min(samples.length - 1, Math.ceil((samples.length * percent) / 100) - 1)] ?? NaN;
}

const short = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const percent = (part: number | undefined): string =>
  part === undefined ? '' : `${(part * 100).toFixed(1)} %`;

/** The figures as a table for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const part = share(figure);
    const bound = (limit: number | undefined): string => {
      if (limit === undefined) return '';
      if (figure.absolute === true) return `${figure.unit.endsWith('/s') ? '≥' : '≤'} ${short(limit)}`;
      return part === undefined ? `≤ ${short(limit)}` : `≥ ${percent(limit)}`;
    };
    return [
      figure.name,
      figure.events.toLocaleString('en'),
      `${short(figure.value)} ${figure.unit}`,
      figure.raw === undefined ? '' : short(figure.raw),
      percent(part),
      bound(figure.floor),
      bound(figure.aim),
    ];
  });
  const all = [['figure', 'events', 'value', 'raw', 'of raw', 'floor', 'aim'], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
