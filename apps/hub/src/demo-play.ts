import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { unpacked } from '@threadline/channels/bytes';
import { importCloudEvents } from '@threadline/channels/cloudevents';
import { importEml } from '@threadline/channels/email/eml';
import { importMbox } from '@threadline/channels/email/mbox';
import type { Importer } from '@threadline/channels/imported';
import { OwnAddresses } from '@threadline/channels/own-addresses';
import { importVcon } from '@threadline/channels/phone/vcon';
import { importCsv } from '@threadline/channels/table/csv';
import { importJsonl } from '@threadline/channels/table/jsonl';
import { compileMapping } from '@threadline/channels/table/mapping';
import type { EventsTaken } from '@threadline/contracts/events-answer';
import type { Json } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/interaction';
import { ThreadlineError } from '@threadline/platform/errors';
import type { HubApi } from './demo-api.js';
import type { Delivery, SampleDay } from './demo-day.js';

/** Something of the day was refused: the day is at fault, or the hub. */
export class RefusedError extends ThreadlineError {
  constructor(item: string, reason: string) {
    super(`${item}: ${reason}`, { code: 'refused', retriable: false });
  }
}

/** How a delivery went. */
export interface Delivered {
  readonly accepted: number;
  readonly duplicates: number;
  /** At or after everything in it. */
  readonly position: string;
}

/** Imports one delivery over HTTP, in one batch. Throws `RefusedError` where anything is refused. */
export async function deliver(api: HubApi, day: SampleDay, delivery: Delivery): Promise<Delivered> {
  const importer = await importerOf(delivery);
  const own = new OwnAddresses(day.own);
  const events: CloudEventJson[] = [];
  const items: string[] = [];
  for (const file of delivery.files) {
    const input = { name: relative(day.folder, file), bytes: unpacked(createReadStream(file)) };
    for await (const imported of importer(input, { own })) {
      if (imported.kind === 'refused') throw new RefusedError(imported.item, imported.reason);
      events.push(imported.event);
      items.push(imported.item);
    }
  }
  const taken = await api.post<EventsTaken>('/v1/events', 'application/cloudevents-batch+json', events);
  for (const { index, problems } of taken.rejected) {
    const reasons = problems.map(({ path, message }) => `${path} ${message}`);
    throw new RefusedError(items[index] ?? `event ${index}`, reasons.join('; '));
  }
  return taken;
}

async function importerOf({ format, map }: Delivery): Promise<Importer> {
  switch (format) {
    case 'eml':
      return importEml;
    case 'mbox':
      return importMbox;
    case 'vcon':
      return importVcon;
    case 'cloudevents':
      return importCloudEvents;
    case 'csv':
    case 'jsonl': {
      if (map === undefined) throw new RefusedError('day.json', `a delivery of ${format} names no map`);
      const mapping = compileMapping(JSON.parse(await readFile(map, 'utf8')) as Json);
      return format === 'csv' ? importCsv(mapping) : importJsonl(mapping);
    }
  }
}
