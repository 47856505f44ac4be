import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { unpacked } from '@threadline/channels/bytes';
import type { ImportInput } from '@threadline/channels/imported';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** A path that was named does not exist or cannot be read. Exit code 74; nothing was sent. */
export class InputError extends ThreadlineError {
  constructor(path: string, cause: unknown) {
    super(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'input',
      retriable: false,
      exitCode: EXIT.io,
      cause,
    });
  }
}

export interface InputFile {
  readonly name: string;
  /** Bytes as they lie on the disk; 0 for standard input. */
  readonly size: number;
  /** `onBytes` is told how many more were read. */
  open(onBytes: (count: number) => void): OpenedInput;
}

export interface OpenedInput extends ImportInput {
  /** Ends a reading that is under way. */
  close(): void;
}

/**
 * The files that the paths name, in a fixed order: a folder means every file under it, `-` standard input. Links to
 * files are followed, links to folders are not: they could lead in circles. Throws `InputError`.
 */
export async function inputFiles(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths) {
    if (path === '-') {
      files.push(inputFile('-', 0, () => process.stdin));
      continue;
    }
    try {
      for await (const [name, size] of under(path, true)) {
        files.push(inputFile(name, size, () => createReadStream(name)));
      }
    } catch (error) {
      throw new InputError(path, error);
    }
  }
  return files;
}

async function* under(path: string, named: boolean): AsyncGenerator<[string, number]> {
  const found = await stat(path);
  if (!found.isDirectory()) {
    yield [path, found.isFile() ? found.size : 0];
    return;
  }
  if (!named) return;
  const entries = await readdir(path, { withFileTypes: true });
  // By code units: the machine's language does not change what is sent first.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) yield* under(join(path, entry.name), entry.isDirectory());
}

function inputFile(name: string, size: number, read: () => Readable): InputFile {
  return {
    name,
    size,
    open(onBytes) {
      const stream = read();
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of stream as AsyncIterable<Uint8Array>) {
          onBytes(chunk.length);
          yield chunk;
        }
      };
      return { name, bytes: unpacked(counted()), close: () => void stream.destroy() };
    },
  };
}
