import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readRulesFile, type RulesFile } from '@threadline/contracts/rules-file';

export interface ConfigurationProblem {
  readonly variable: string;
  /** Never repeats the value: it may be a secret. */
  readonly message: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What became of a text: a value, or everything that is wrong with it, never the text itself. */
export type Parsed<T> = { readonly value: T } | { readonly problems: readonly string[] };

const isUrl = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).host !== '';

/** `scheme://user@a:1,b:2?options` is how EventStoreDB's clients write a cluster, and no URL: one for each host. */
function urlsOfHosts(text: string): string[] {
  const [, before, hosts, after] = /^([a-z+]+:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/i.exec(text) ?? [];
  if (before === undefined || hosts === undefined) return [text];
  return hosts.split(',').map((host) => `${before}${host}${after ?? ''}`);
}

/** Reads variables and remembers what is wrong with them. An empty variable counts as absent. */
export class Variables {
  readonly problems: ConfigurationProblem[] = [];

  constructor(private readonly env: Environment) {}

  /** The value as `parse` makes it; where it gives nothing, the variable "must be `wanted`". */
  read<T>(variable: string, wanted: string, parse: (text: string) => T | undefined): T | undefined {
    const text = this.env[variable];
    if (text === undefined || text === '') return undefined;
    const value = parse(text);
    if (value === undefined) this.refuse(variable, `must be ${wanted}`);
    return value;
  }

  refuse(variable: string, message: string): void {
    this.problems.push({ variable, message });
  }

  oneOf<T extends string>(variable: string, values: readonly T[]): T | undefined {
    return this.read(variable, `one of ${values.join(', ')}`, (text) =>
      values.find((value) => value === text),
    );
  }

  port(variable: string): number | undefined {
    return this.read(variable, 'a port number (0 to 65535; 0 takes any free one)', (text) =>
      /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined,
    );
  }

  /** Answers milliseconds. */
  seconds(variable: string, most: number): number | undefined {
    return this.read(variable, `a number of seconds (0 to ${most})`, (text) =>
      /^\d{1,9}(\.\d+)?$/.test(text) && Number(text) <= most ? 1_000 * Number(text) : undefined,
    );
  }

  url(variable: string, protocols: readonly string[]): string | undefined {
    return this.read(
      variable,
      `a URL that begins with ${protocols.map((name) => `${name}//`).join(' or ')}`,
      (text) => (isUrl(text, protocols) ? text : undefined),
    );
  }

  /** The same; of a cluster several hosts, with commas between. */
  urlOfHosts(variable: string, protocols: readonly string[]): string | undefined {
    return this.read(
      variable,
      `a URL that begins with ${protocols.map((name) => `${name}//`).join(' or ')}`,
      (text) => (urlsOfHosts(text).every((one) => isUrl(one, protocols)) ? text : undefined),
    );
  }

  /** What `parse` makes of it; each problem that it has with it is named. */
  parsed<T>(variable: string, parse: (text: string) => Parsed<T>): T | undefined {
    const text = this.env[variable];
    if (text === undefined || text === '') return undefined;
    const read = parse(text);
    if ('value' in read) return read.value;
    for (const problem of read.problems) this.refuse(variable, problem);
    return undefined;
  }

  /** A file that can be read now; its content must please `accept`. */
  file(variable: string, wanted: string, accept: (content: string) => boolean): string | undefined {
    return this.read(variable, wanted, (path) => {
      try {
        return accept(readFileSync(path, 'utf8')) ? resolve(path) : undefined;
      } catch {
        return undefined;
      }
    });
  }

  /** A file of identity rules; every mistake in it is named by its place. */
  rules(variable: string): GivenRules | undefined {
    const file = this.env[variable];
    if (file === undefined || file === '') return undefined;
    let read: RulesFile;
    try {
      read = readRulesFile(readFileSync(file));
    } catch (error) {
      this.refuse(variable, `${file} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
    if ('rules' in read) return { file: resolve(file), ...read };
    for (const { path, message } of read.problems)
      this.refuse(variable, `${file}: ${path === '' ? '' : `${path} `}${message}`);
    return undefined;
  }
}

/** A file of identity rules, and what it says. */
export type GivenRules = Extract<RulesFile, { rules: unknown }> & { readonly file: string };
