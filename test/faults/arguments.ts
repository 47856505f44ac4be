import { parseArgs } from 'node:util';

export interface FaultArguments {
  readonly size: 'ci' | 'full';
  readonly seed: number;
  /** Whether its name has one of the parts that were given, if any were. */
  readonly wanted: (one: { readonly name: string }) => boolean;
}

const OPTIONS = `
  -- --full             many more of them than in CI
  -- --seed <n>         makes the same choices as the run that printed it
  -- <part of a name>   only what has that in its name
  -- --help             this
`;

/** What a command of fault tests was given; with `--help` it prints what it does, and ends. */
export function faultArguments(usage: string): FaultArguments {
  const { values, positionals } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(`${usage}\n${OPTIONS}`);
    process.exit(0);
  }
  return {
    size: values.full ? 'full' : 'ci',
    seed: values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed),
    wanted: ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  };
}
