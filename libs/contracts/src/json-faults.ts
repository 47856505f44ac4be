import type { Json } from '@threadline/domain/canonical-json';

/** Levels of arrays and objects in one event. Deeper ones break recursive readers everywhere. */
export const DEEPEST = 100;

export interface JsonFault {
  path: string;
  message: string;
  /** Nothing more can be said of a value like this. */
  fatal: boolean;
}

const NO_FAULTS: JsonFault[] = [];

/**
 * What JSON can say but no store and no reader can take: lone surrogates (in member names as well), numbers beyond a
 * double, more than `DEEPEST` levels. Costs nothing but the walk where there is none.
 */
export function jsonFaults(value: Json): JsonFault[] {
  return isSound(value, 1) ? NO_FAULTS.slice() : faultsOf(value);
}

function isSound(value: Json, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isSound(value[i] as Json, depth + 1)) return false;
    return true;
  }
  for (const key in value) if (!key.isWellFormed() || !isSound(value[key] as Json, depth + 1)) return false;
  return true;
}

function faultsOf(root: Json): JsonFault[] {
  const faults: JsonFault[] = [];
  const walk = (value: Json, path: string, depth: number): void => {
    if (typeof value === 'string') {
      if (!value.isWellFormed())
        faults.push({ path, message: 'expected Unicode text, but a lone surrogate came', fatal: false });
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value))
        faults.push({ path, message: 'expected a number within the range of a double', fatal: false });
    } else if (typeof value === 'object' && value !== null) {
      if (depth > DEEPEST) {
        faults.push({
          path,
          message: `expected at most ${DEEPEST} levels of arrays and objects`,
          fatal: true,
        });
        return;
      }
      for (const key of Object.keys(value)) {
        const member = `${path}/${key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
        if (!key.isWellFormed()) {
          faults.push({
            path: member,
            message: 'expected Unicode text as a member name, but a lone surrogate came',
            fatal: false,
          });
        }
        walk((value as { [key: string]: Json })[key] as Json, member, depth + 1);
      }
    }
  };
  walk(root, '', 1);
  return faults;
}
