import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** The version of each read model that this code writes; a change of what a model holds raises it. */
export const CUSTOMERS = 'customers@5';
export const SEARCH = 'search@2';

/** Which file is live, and which was before it, per `name@version`. */
export type Models = Record<string, { live: string; before?: string }>;

const FILE = 'models.json';

/** The read models are not what was written. Exit code 74; nothing is lost that the log does not hold. */
export class ReadModelsUnusableError extends ThreadlineError {
  constructor(folder: string, cause: unknown) {
    super(
      `the read models in ${folder} cannot be opened (${cause instanceof Error ? cause.message : String(cause)}): ` +
        `remove ${FILE}, customers.db* and search.db* there, and they are made again from the log`,
      { code: 'read-models-unusable', retriable: false, exitCode: EXIT.io, cause },
    );
  }
}

export function readModels(folder: string): Models {
  const path = join(folder, FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Models) : {};
}

/** The file of a model's new build, beside what is there. `search.db…` alone may hold opened text. */
export function newModelFile(folder: string, model: string): string {
  const [name, version] = model.split('@');
  const prefix = `${name}.db.${version}-`;
  const taken = readdirSync(folder)
    .filter((file) => file.startsWith(prefix))
    .map((file) => Number.parseInt(file.slice(prefix.length), 10));
  return `${prefix}${Math.max(0, ...taken.filter(Number.isFinite)) + 1}`;
}

/** Beside a search index that was built in two parts: the one of the earlier events. */
export const earlierPart = (file: string): string => `${file}-earlier`;

/** Makes these files live, all at once and durably; what was live before is kept to go back to, what was before that goes. */
export function switchModels(folder: string, files: Record<string, string>): Models {
  const models = readModels(folder);
  for (const [model, live] of Object.entries(files)) {
    const before = models[model]?.live;
    if (before === live) continue;
    models[model] = before === undefined ? { live } : { live, before };
  }
  const path = join(folder, FILE);
  const file = openSync(`${path}.next`, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(models, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.next`, path);
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
  removeUnused(folder, models);
  return models;
}

/** Removes the files of builds that are neither live nor the ones before: of a rebuild that was cut off, for example. */
export function removeUnused(folder: string, models: Models, keep: readonly string[] = []): void {
  const used = new Set([
    ...keep,
    ...Object.values(models).flatMap(({ live, before }) => [live, before ?? live]),
  ]);
  for (const file of readdirSync(folder)) {
    const build = /^(?:customers|search)\.db\.\d+-\d+/.exec(file)?.[0];
    if (build !== undefined && !used.has(build)) rmSync(join(folder, file), { force: true });
  }
}
