import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { ImportProblem } from '../imported.js';
import { isObject } from '../json-text.js';

/** Old writers put null where a member is absent. */
export const given = (value: Json | undefined): value is Json => value !== undefined && value !== null;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;.*)?$/s;
const DATE = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?$/i;

export const DIALOG_TYPES = ['recording', 'text', 'transfer', 'incomplete'] as const;

/** RFC 3339 in milliseconds; what comes without a zone is UTC, as the writers of 0.0.1 mean it. */
export function vconTime(value: Json | undefined): number | undefined {
  if (typeof value !== 'string' || !DATE.test(value)) return undefined;
  const text = value.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, '$1:$2');
  const at = Date.parse(/(?:Z|[+-]\d{2}:\d{2})$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** The indices of a dialog's parties, in order: a number, a list, or a list of lists. */
export function partiesOf(dialog: JsonObject): number[] {
  const parties = dialog['parties'];
  return [parties].flat(3).filter((index): index is number => typeof index === 'number');
}

/**
 * Everything that is wrong with a vCon, 0.0.1 to 0.4.0 (draft-ietf-vcon-vcon-core-04). `vcon` itself is deprecated
 * there: absent means current. `[]` where it can be used.
 */
export function vconProblems(vcon: JsonObject): ImportProblem[] {
  const problems: ImportProblem[] = [];
  const wrong = (path: string, message: string): void => {
    problems.push({ path, message });
  };
  const { uuid, vcon: version, created_at: created, parties, dialog, analysis, attachments } = vcon;
  if (typeof uuid !== 'string' || !UUID.test(uuid))
    wrong('/uuid', given(uuid) ? 'must be a UUID' : 'is missing');
  if (version !== undefined && (typeof version !== 'string' || !/^\d+\.\d+\.\d+$/.test(version))) {
    wrong('/vcon', 'must be a version such as 0.0.1');
  }
  if (vconTime(created) === undefined)
    wrong('/created_at', given(created) ? 'must be a date-time' : 'is missing');
  if (!Array.isArray(parties)) wrong('/parties', parties === undefined ? 'is missing' : 'must be a list');
  const count = Array.isArray(parties) ? parties.length : 0;
  eachObject(parties, '/parties', wrong, (party, path) => {
    for (const member of ['tel', 'mailto', 'name', 'role', 'sip']) {
      const value = party[member];
      if (given(value) && typeof value !== 'string') wrong(`${path}/${member}`, 'must be text');
    }
  });
  for (const [name, list] of Object.entries({ dialog, analysis, attachments })) {
    if (list !== undefined && !Array.isArray(list)) wrong(`/${name}`, 'must be a list');
  }
  eachObject(dialog, '/dialog', wrong, (each, path) => checkDialog(each, path, count, wrong));
  const dialogs = Array.isArray(dialog) ? dialog.length : 0;
  eachObject(analysis, '/analysis', wrong, (each, path) => {
    if (given(each['type']) && typeof each['type'] !== 'string') wrong(`${path}/type`, 'must be text');
    for (const index of [each['dialog']].flat()) {
      if (given(index)) checkIndex(index, dialogs, 'dialog', `${path}/dialog`, wrong);
    }
  });
  eachObject(attachments, '/attachments', wrong, () => undefined);
  if (problems.length === 0 && dialogs === 0) wrong('/dialog', 'is empty: nothing happened in it');
  return problems;
}

type Wrong = (path: string, message: string) => void;

function eachObject(
  list: Json | undefined,
  path: string,
  wrong: Wrong,
  check: (each: JsonObject, path: string) => void,
): void {
  if (!Array.isArray(list)) return;
  list.forEach((each, index) => {
    if (isObject(each)) check(each, `${path}/${index}`);
    else wrong(`${path}/${index}`, 'must be an object');
  });
}

function checkDialog(dialog: JsonObject, path: string, parties: number, wrong: Wrong): void {
  const { type, start, duration, url, originator } = dialog;
  if (!DIALOG_TYPES.some((known) => known === type)) {
    wrong(`${path}/type`, given(type) ? `must be one of ${DIALOG_TYPES.join(', ')}` : 'is missing');
  }
  if (vconTime(start) === undefined)
    wrong(`${path}/start`, given(start) ? 'must be a date-time' : 'is missing');
  if (given(duration) && (typeof duration !== 'number' || duration < 0)) {
    wrong(`${path}/duration`, 'must be a number of seconds, 0 or more');
  }
  for (const member of ['mediatype', 'mimetype']) {
    const value = dialog[member];
    if (given(value) && (typeof value !== 'string' || !MEDIA_TYPE.test(value))) {
      wrong(`${path}/${member}`, 'must be a media type such as audio/x-wav');
    }
  }
  if (given(url) && (typeof url !== 'string' || !/^[a-z][a-z\d+.-]*:./i.test(url) || !URL.canParse(url))) {
    wrong(`${path}/url`, 'must be an absolute URL');
  }
  for (const index of [dialog['parties']].flat(3)) {
    if (given(index)) checkIndex(index, parties, 'party', `${path}/parties`, wrong);
  }
  if (given(originator)) checkIndex(originator, parties, 'party', `${path}/originator`, wrong);
}

function checkIndex(index: Json, count: number, what: string, path: string, wrong: Wrong): void {
  if (typeof index !== 'number' || !Number.isInteger(index))
    wrong(path, `must name each ${what} by its index`);
  else if (index < 0 || index >= count) {
    wrong(
      path,
      `names ${what} ${index}, and there ${count === 1 ? 'is' : 'are'} ${count === 0 ? 'none' : count}`,
    );
  }
}
