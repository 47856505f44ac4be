import type { Imported, ImportedEvent, Importer, ImportOptions } from './imported.js';
import { OwnAddresses } from './own-addresses.js';

/** For specs: everything that an importer makes of this text, read in chunks of `size` bytes. */
export async function importsOf(
  importer: Importer,
  content: string | Uint8Array,
  options: Partial<ImportOptions> = {},
  size = 65_536,
): Promise<Imported[]> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const own = new OwnAddresses(['maison.example', '+44 20 7946 0000']);
  const all: Imported[] = [];
  for await (const one of importer({ name: 'f', bytes: chunks() }, { own, ...options })) all.push(one);
  return all;
}

/** For specs: the events alone; throws where something was refused. */
export function eventsOf(imported: readonly Imported[]): ImportedEvent[] {
  return imported.map((one) => {
    if (one.kind === 'refused') throw new Error(`${one.item}: ${one.reason}`);
    return one;
  });
}
