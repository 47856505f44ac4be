import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { gather } from '../bytes.js';
import { importMail } from '../email/eml.js';
import { cleanText, textOfHtml } from '../email/mail-text.js';
import { LARGEST_ITEM, refused, type Imported, type Importer, type ImportOptions } from '../imported.js';
import { isObject, jsonText } from '../json-text.js';
import { given, partiesOf, vconProblems, vconTime } from './vcon-check.js';
import { customerOf, identifiersOf, staffOf, vconParty, type VconParty } from './vcon-parties.js';
import { bodyOf, transcriptOf } from './vcon-transcript.js';

export const VCON_SOURCE = '/import/vcon';

/** One vCon, one file (as JSON, or signed: the signature is not checked). All of its dialogs, or, where it is invalid, one refusal. */
export const importVcon: Importer = async function* (input, options) {
  const bytes = await gather(input.bytes, LARGEST_ITEM);
  if (bytes === undefined) {
    yield refused(
      input.name,
      `is larger than ${LARGEST_ITEM / 1024 / 1024} MiB, the most that one vCon may take here`,
    );
    return;
  }
  let parsed: Json;
  try {
    parsed = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) as Json;
    if (isObject(parsed) && typeof parsed['payload'] === 'string' && given(parsed['signatures'])) {
      parsed = JSON.parse(Buffer.from(parsed['payload'], 'base64url').toString('utf8')) as Json;
    }
  } catch (error) {
    yield refused(input.name, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  if (!isObject(parsed)) yield refused(input.name, 'is not a vCon: it is not a JSON object');
  else if (given(parsed['ciphertext'])) yield refused(input.name, 'is an encrypted vCon');
  else {
    const problems = vconProblems(parsed);
    if (problems.length > 0) {
      const named = problems.map(({ path, message }) => `${path} ${message}`);
      yield refused(input.name, `is not a valid vCon: ${named.join('; ')}`, problems);
    } else yield* eventsOf(input.name, parsed, options);
  }
};

/** What is the same for every event of one vCon. */
interface Conversation {
  readonly uuid: string;
  readonly subject?: string;
  readonly parties: readonly VconParty[];
  /** Of the whole conversation. */
  readonly meta: JsonObject;
  readonly analysis: readonly JsonObject[];
  readonly attachments: readonly JsonObject[];
  readonly options: ImportOptions;
}

const objects = (list: Json | undefined): JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : []);

async function* eventsOf(item: string, vcon: JsonObject, options: ImportOptions): AsyncGenerator<Imported> {
  const { uuid, subject } = vcon;
  const conversation: Conversation = {
    uuid: jsonText(uuid).toLowerCase(),
    ...(typeof subject === 'string' && subject !== '' ? { subject: subject.toWellFormed() } : {}),
    parties: objects(vcon['parties']).map((party) => vconParty(party, options.own)),
    meta: isObject(vcon['meta']) ? vcon['meta'] : {},
    analysis: objects(vcon['analysis']),
    attachments: objects(vcon['attachments']),
    options,
  };
  for (const [index, dialog] of objects(vcon['dialog']).entries()) {
    const where = `${item}#/dialog/${index}`;
    const media = jsonText(dialog['mediatype'] ?? dialog['mimetype']).toLowerCase();
    const body = bodyOf(dialog);
    if (media.startsWith('message/rfc822') && typeof body === 'string') {
      yield await mailOf(where, body, conversation);
      continue;
    }
    for (const event of dialogEvents(conversation, dialog, index, media)) {
      yield { kind: 'event', item: where, event, notes: [], attachmentBytes: 0 };
    }
  }
}

async function mailOf(item: string, body: string, { uuid, options }: Conversation): Promise<Imported> {
  const mail = await importMail(item, Buffer.from(body), options);
  if (mail.kind === 'refused') return mail;
  return { ...mail, event: { ...mail.event, data: { ...mail.event.data, vcon: { uuid } } } };
}

function dialogEvents(
  conversation: Conversation,
  dialog: JsonObject,
  index: number,
  media: string,
): CloudEventJson[] {
  const said = conversation.analysis.filter(({ dialog: of }) => [of].flat().includes(index));
  const kind = dialog['type'];
  const hasBody = given(bodyOf(dialog)) || given(dialog['url']);
  // A text dialog that holds no text but has been transcribed is a call whose recording was taken out.
  const isCall =
    kind === 'recording' || kind === 'incomplete' || (kind === 'text' && !hasBody && said.length > 0);
  if (isCall) return callEvents(conversation, dialog, index, said);
  if (kind === 'transfer') return [transferred(conversation, dialog, index)];
  return [message(conversation, dialog, index, media)];
}

/** Who took part, which way it went, and what every event of the dialog has. */
function common(conversation: Conversation, dialog: JsonObject, index: number): Common {
  const { parties, uuid, subject, meta, options } = conversation;
  const listed = partiesOf(dialog);
  const involved = listed.length > 0 ? listed : parties.map((_, each) => each);
  const told = dialog['originator'];
  const originator = typeof told === 'number' ? told : involved[0];
  const dialogMeta = isObject(dialog['meta']) ? dialog['meta'] : {};
  const said = directionOf(dialogMeta['direction'] ?? meta['direction']);
  // A message names only who wrote it: the others are whoever else there is.
  const everybody = [
    ...new Set([...involved, ...(involved.length > 1 ? [] : parties.map((_, each) => each))]),
  ];
  const customer = customerOf(parties, everybody, originator, said);
  const side = originator === undefined ? undefined : parties[originator]?.side;
  const written = originator === customer ? 'inbound' : side === 'customer' ? 'inbound' : 'outbound';
  const direction = said ?? (customer === undefined ? (side === 'ours' ? 'outbound' : undefined) : written);
  const person = customer === undefined ? undefined : parties[customer];
  const identifiers = person === undefined ? [] : identifiersOf(person);
  const others = everybody
    .filter((each) => each !== customer)
    .flatMap((each) => identifiersOf(parties[each] ?? NOBODY));
  const staff = staffOf(parties, everybody);
  return {
    originator,
    everybody,
    meta: dialogMeta,
    at: vconTime(dialog['start']) ?? 0,
    source: options.source ?? VCON_SOURCE,
    data: {
      object: `${uuid}/${index}`,
      conversation: uuid,
      ...(direction === undefined ? {} : { direction }),
      ...(options.country === undefined ? {} : { country: options.country }),
      ...(identifiers.length === 0 ? {} : { identifiers }),
      ...(others.length === 0 ? {} : { participants: others }),
      ...(staff === undefined ? {} : { staff }),
      vcon: { uuid, dialog: index, ...(subject === undefined ? {} : { subject }) },
    },
  };
}

const NOBODY: VconParty = { side: undefined };

interface Common {
  readonly originator: number | undefined;
  readonly everybody: readonly number[];
  readonly meta: JsonObject;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly source: string;
  readonly data: JsonObject;
}

function directionOf(value: Json | undefined): 'inbound' | 'outbound' | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^in(?:bound|coming)?$/i.test(value)) return 'inbound';
  return /^out(?:bound|going)?$/i.test(value) ? 'outbound' : undefined;
}

function cloudEvent(shared: Common, type: string, part: string, at: number, own: JsonObject): CloudEventJson {
  return {
    specversion: '1.0',
    id: part === '' ? jsonText(shared.data['object']) : `${jsonText(shared.data['object'])}/${part}`,
    source: shared.source,
    type,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: { ...shared.data, ...own },
  };
}

/** A call: its start, its end where it is known, what was said where it was transcribed. */
function callEvents(
  conversation: Conversation,
  dialog: JsonObject,
  index: number,
  said: readonly JsonObject[],
): CloudEventJson[] {
  const shared = common(conversation, dialog, index);
  const { parties, meta: whole } = conversation;
  const address = (each: number | undefined): string | undefined =>
    each === undefined ? undefined : (parties[each]?.phone ?? parties[each]?.email ?? parties[each]?.sip);
  const from = address(shared.originator);
  const to = address(shared.everybody.find((each) => each !== shared.originator));
  const ends: JsonObject = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const length = [dialog['duration'], endedDuration(conversation), whole['duration']].find(
    (value): value is number => typeof value === 'number' && value >= 0,
  );
  const outcome = [dialog['disposition'], shared.meta['disposition'], whole['disposition']].find(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  const ended = shared.at + Math.round((length ?? 0) * 1000);
  const events: CloudEventJson[] = [];
  if (dialog['type'] !== 'incomplete')
    events.push(cloudEvent(shared, 'call.started', 'started', shared.at, { call: ends }));
  if (length !== undefined || outcome !== undefined || dialog['type'] === 'incomplete') {
    const call: JsonObject = {
      ...ends,
      ...(length === undefined ? {} : { durationSeconds: length }),
      ...(outcome === undefined ? {} : { outcome: outcome.toWellFormed() }),
    };
    events.push(cloudEvent(shared, 'call.ended', 'ended', ended, { call }));
  }
  const of = (type: string): JsonObject | undefined => said.find((each) => each['type'] === type);
  const transcript = ['transcript', 'wtf_transcription', 'transcription', 'diarized']
    .map((type) => transcriptOf(bodyOf(of(type) ?? {})))
    .find((spoken) => spoken.length > 0);
  const summary = bodyOf(of('summary') ?? {});
  if (transcript !== undefined || typeof summary === 'string') {
    const language = bodyOf(of('transcript') ?? {});
    const detected = isObject(language) ? (language['detected_language'] ?? language['language']) : undefined;
    events.push(
      cloudEvent(shared, 'call.transcribed', 'transcribed', ended, {
        call: {
          ...ends,
          ...(transcript === undefined ? {} : { transcript: transcript.map((each) => ({ ...each })) }),
        },
        ...(typeof detected === 'string' ? { content: { language: detected } } : {}),
        ...(typeof summary === 'string' ? { summary: summary.toWellFormed() } : {}),
      }),
    );
  }
  return events;
}

/** Some telephone systems attach their own record of the end of the call. */
function endedDuration({ attachments }: Conversation): Json | undefined {
  const record = attachments.find(({ type, purpose }) => /call_ended/.test(jsonText(type ?? purpose)));
  const body = record === undefined ? undefined : bodyOf(record);
  return isObject(body) ? body['duration'] : undefined;
}

function transferred(conversation: Conversation, dialog: JsonObject, index: number): CloudEventJson {
  const shared = common(conversation, dialog, index);
  const names = ['transferor', 'transferee', 'transfer_target', 'original', 'consultation', 'target_dialog'];
  const transfer = Object.fromEntries(
    names.flatMap((name) => (given(dialog[name]) ? [[name, dialog[name]]] : [])),
  );
  return cloudEvent(shared, 'call.transferred', '', shared.at, { transfer });
}

/** A message of a chat; of a mail, where all who took part are known by mail addresses alone. */
function message(
  conversation: Conversation,
  dialog: JsonObject,
  index: number,
  media: string,
): CloudEventJson {
  const shared = common(conversation, dialog, index);
  const { parties, subject } = conversation;
  const mailOnly = shared.everybody.every((each) => {
    const party = parties[each];
    return party?.email !== undefined && party.phone === undefined && party.sip === undefined;
  });
  const body = bodyOf(dialog);
  const plain = typeof body === 'string' ? cleanText(body) : given(body) ? JSON.stringify(body) : undefined;
  const isHtml = media.startsWith('text/html');
  const url = dialog['url'];
  const content: JsonObject = {
    ...(mailOnly && subject !== undefined ? { subject } : {}),
    ...(plain === undefined ? {} : { text: isHtml ? textOfHtml(plain) : plain }),
    ...(plain === undefined || !isHtml ? {} : { html: plain }),
    // What lies elsewhere is not fetched: the event says where.
    ...(typeof url === 'string'
      ? {
          attachments: [
            { ...(media === '' ? {} : { mediaType: media }), url, name: jsonText(dialog['filename'] ?? url) },
          ],
        }
      : {}),
  };
  const type = mailOnly
    ? shared.data['direction'] === 'outbound'
      ? 'email.sent'
      : 'email.received'
    : 'chat.message';
  const vendor = dialog['message_id'];
  const object = typeof vendor === 'string' && vendor !== '' ? { object: vendor } : {};
  return cloudEvent(shared, type, '', shared.at, {
    ...object,
    ...(Object.keys(content).length > 0 ? { content } : {}),
  });
}
