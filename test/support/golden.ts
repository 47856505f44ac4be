import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Intake } from '@threadline/channels/intake';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import type { Card } from '@threadline/projections/card';
import { testHash } from './folded.js';
import type { Sent } from './generate.js';

/** A history that once came out wrong, and what the contract wants of it. */
export interface Golden {
  readonly name: string;
  readonly why: string;
  /** The time asked about: `asOf` is not, everything counts. */
  readonly now: string;
  readonly events: CloudEventJson[];
  /** Whose card it is, normalised. */
  readonly of: { readonly kind: string; readonly value: string };
  /** The fields of it that matter. */
  readonly card: Partial<Card>;
}

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures/golden');

export const goldens = (): Golden[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.slice(0, -5),
      ...(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Omit<Golden, 'name'>),
    }));

const intake = new Intake({ hash: testHash });

/** As the generated histories are, normalised by the intake. */
export function sentOf(events: readonly CloudEventJson[]): Sent[] {
  return events.map((cloudEvent) => {
    const taken = intake.take(cloudEvent, { at: 0 });
    if (taken.kind === 'refused')
      throw new Error(`${cloudEvent.id} is refused: ${JSON.stringify(taken.problems)}`);
    return { cloudEvent, at: taken.event.at, identifiers: taken.event.identifiers };
  });
}
