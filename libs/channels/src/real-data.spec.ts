import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unpacked } from './bytes.js';
import { importEml } from './email/eml.js';
import type { Imported, Importer } from './imported.js';
import { OwnAddresses } from './own-addresses.js';
import { importVcon } from './phone/vcon.js';
import { importCsv } from './table/csv.js';
import { importJsonl } from './table/jsonl.js';
import { compileMapping } from './table/mapping.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const data = process.env['THREADLINE_REAL_DATA'] ?? resolve(root, '..', 'shared', 'data');

const BASKETS = compileMapping({
  source: '/import/baskets',
  type: 'purchase.completed',
  id: '{basket_id}',
  time: '{transaction_timestamp}',
  group: '{basket_id}',
  data: {
    identifiers: [{ kind: 'loyalty', value: '{household_id}' }],
    purchase: { currency: 'USD', total: { $sum: '{sales_value}', scale: 2 } },
  },
});

const CHATS = compileMapping({
  source: '/import/chats',
  each: 'messages',
  type: 'chat.message',
  id: '{id}/{@index}',
  data: { conversation: '{id}', content: { text: '{@item.content}' } },
});

/** A folder of the public data, and what is known of it. */
const FOLDERS: readonly [name: string, importer: Importer, files: RegExp, refusedFiles: number][] = [
  ['mail-mime', importEml, /\.eml$/, 0],
  ['mail-malformed', importEml, /\.eml$/, 0],
  ['mail-bounces', importEml, /\.eml$/, 0],
  ['calls-vcon', importVcon, /\.json$/, 0],
  ['calls-vcon-invalid', importVcon, /\.json$/, Infinity],
  ['baskets', importCsv(BASKETS), /^transactions.*\.csv\.gz$/, 0],
  ['chats-zh', importJsonl(CHATS), /\.ndjson\.gz$/, 0],
];

async function importFile(importer: Importer, path: string): Promise<Imported[]> {
  const found: Imported[] = [];
  const input = { name: path, bytes: unpacked(createReadStream(path) as AsyncIterable<Uint8Array>) };
  for await (const one of importer(input, { own: new OwnAddresses() })) found.push(one);
  return found;
}

describe('public data that nobody here wrote', () => {
  for (const [name, importer, wanted, refusedFiles] of FOLDERS) {
    const folder = join(data, name);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      it(name, { skip: `there is no ${folder}: set THREADLINE_REAL_DATA` });
      continue;
    }
    it(`${name}: read without a crash, every refusal explained, the same twice`, async (test) => {
      const files = readdirSync(folder)
        .filter((file) => wanted.test(file))
        .sort();
      const counts = { files: files.length, events: 0, refused: 0 };
      for (const file of files) {
        const found = await importFile(importer, join(folder, file));
        assert.ok(found.length > 0, `${file} left no trace`);
        for (const one of found) {
          if (one.kind === 'event') counts.events++;
          else {
            counts.refused++;
            assert.ok(one.reason.length > 10, `${one.item}: ${one.reason}`);
          }
        }
        if (statSync(join(folder, file)).size < 100_000) {
          assert.deepEqual(
            await importFile(importer, join(folder, file)),
            found,
            `${file} differs the second time`,
          );
        }
      }
      test.diagnostic(JSON.stringify(counts));
      if (refusedFiles === Infinity)
        assert.deepEqual(counts, { files: files.length, events: 0, refused: files.length });
      else assert.equal(counts.refused, refusedFiles);
    });
  }
});
