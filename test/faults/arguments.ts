import { parseArgs } from 'node:util';
import { EXIT } from '@threadline/platform/exit-codes';

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
  const { values, positionals } = parsed();
  if (values.help) {
    console.log(`${usage}\n${OPTIONS}`);
    process.exit(EXIT.ok);
  }
  const seed = values.seed ?? String(Date.now() % 1_000_000);
  if (!/^\d{1,9}$/.test(seed)) refuse(`--seed: '${seed}' is no whole number of at most nine digits`);
  return {
    size: values.full ? 'full' : 'ci',
    seed: Number(seed),
    wanted: ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        full: { type: 'boolean', default: false },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Ends the process: it was called wrongly. */
export function refuse(why: string): never {
  console.error(`${why}\nSee -- --help.`);
  process.exit(EXIT.usage);
}
