import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type JsonObject } from '@threadline/domain/canonical-json';
import { isKnownType } from '@threadline/domain/event-catalogue';
import { homeIndex, STRENGTHS, type Identifier, type Strength } from '@threadline/domain/identifier';
import { contentHash, eventId, interactionId, partyId } from '@threadline/domain/ids';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import type { ReceivedEvent } from '@threadline/domain/interaction';
import type { StoredEvent } from '@threadline/domain/stored-event';
import { DamagedBoxError } from './errors.js';
import { foundInFiles } from './found-in-files.js';
import { openEvent, sealEvent } from './sealing.js';
import { SqliteVault } from './sqlite-vault.js';
import type { Handle, Keyring } from './vault.js';

const folder = mkdtempSync(join(tmpdir(), 'threadline-sealing-'));
let vault: SqliteVault;
before(async () => {
  vault = await SqliteVault.open({ folder, masterKey: randomBytes(32) });
});
after(async () => {
  await vault.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a test event says of people, each text its own so that a search for it means something. */
interface Said {
  readonly type: string;
  readonly people: readonly { kind: string; value: string; name: string | undefined; strength: Strength }[];
  readonly words: readonly string[];
}

const secret = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.uuid())
  .map(([start, rest]) => `${start.toWellFormed()}${rest}`);

const said: fc.Arbitrary<Said> = fc.record({
  type: fc.constantFrom(
    'email.received',
    'purchase.completed',
    'profile.stated',
    'promise.kept',
    'shoe.tried',
  ),
  people: fc.array(
    fc.record({
      kind: fc.constantFrom('email', 'phone', 'loyalty', 'instagram'),
      value: secret,
      name: fc.option(secret, { nil: undefined }),
      strength: fc.constantFrom(...STRENGTHS),
    }),
    { maxLength: 4 },
  ),
  words: fc.array(secret, { minLength: 9, maxLength: 9 }),
});

function receivedFrom({ type, people, words }: Said): ReceivedEvent {
  const [id, object, subject, text, staff, fact, order, own, conversation] = words as string[] & {
    length: 9;
  };
  const data: JsonObject = {
    object: object ?? '',
    conversation: conversation ?? '',
    sequence: 3,
    brand: 'maison',
    // As it came: normalising has changed case and trimmed.
    identifiers: people.map(({ kind, value, name, strength }, index) => ({
      value: ` ${value.toUpperCase()}`,
      kind,
      ...(name !== undefined && { name }),
      ...(index % 2 === 0 && { strength }),
      'x-note': `${value}?`,
    })),
    content: { subject: subject ?? '', text: text ?? '' },
    staff: { id: 'a-7', name: staff ?? '' },
    facts: [{ slot: 'size.coat', value: fact ?? '' }],
    promises: [{ id: own ?? '', text: text ?? '' }],
    purchase: {
      order: order ?? '',
      currency: 'GBP',
      total: '12.50',
      items: [{ name: own ?? '', quantity: 1, price: '1' }],
    },
    profile: { name: own ?? '' },
    promise: { id: own ?? '' },
    unknown: { nested: [text ?? ''] },
  };
  const cloudEvent: CloudEventJson = {
    specversion: '1.0',
    id: id ?? '',
    source: '/email/care@maison.example',
    type,
    time: '2026-03-02T10:15:00.000Z',
    data,
    extension: subject ?? '',
  };
  return {
    eventId: eventId(vault.hash, cloudEvent.source, cloudEvent.id),
    interaction: interactionId(vault.hash, cloudEvent.source, object ?? ''),
    type,
    cloudEvent,
    at: Date.parse('2026-03-02T10:15:00Z'),
    hash: contentHash(vault.hash, canonicalJson(cloudEvent)),
    identifiers: people.map(({ kind, value, name, strength }): Identifier => {
      return { kind, value, strength, ...(name !== undefined && { name }) };
    }),
  };
}

const textsOf = ({ people, words }: Said): string[] => [
  ...words,
  ...people.flatMap(({ value, name }) => [value, value.toUpperCase(), ...(name === undefined ? [] : [name])]),
];

async function handlesOf({ identifiers, interaction }: ReceivedEvent): Promise<Handle[]> {
  if (identifiers.length === 0) return vault.handlesForInteractions([interaction]);
  return vault.handlesFor(
    identifiers.map(({ kind, value }) => ({ party: partyId(vault.hash, kind, value), kind, value })),
  );
}

/** As the log keeps it: through JSON. */
const stored = (event: StoredEvent): StoredEvent => JSON.parse(JSON.stringify(event)) as StoredEvent;

async function sealed(received: ReceivedEvent, ringOf: (ring: Keyring) => Keyring = (ring) => ring) {
  const handles = await handlesOf(received);
  await vault.commit();
  const ring = ringOf(await vault.keys(handles));
  return { handles, event: stored(sealEvent(received, handles, ring, vault.hash)) };
}

const opened = async (received: ReceivedEvent, event: StoredEvent) =>
  openEvent(received.eventId, received.type, event, await vault.keys([event.key]), vault.hash);

describe('sealing an event', () => {
  /** Rule 9: of what is said of people nothing can be read in the vault, and nothing in the event as it is stored. */
  const nothingInClear = (ringOf?: (ring: Keyring) => Keyring) =>
    fc.asyncProperty(said, async (all) => {
      const { event, handles } = await sealed(receivedFrom(all), ringOf);
      writeFileSync(join(folder, 'log.json'), JSON.stringify(event));
      assert.deepEqual(foundInFiles(folder, textsOf(all)), []);
      assert.equal(new Set([event.key, ...event.parties.map(({ key }) => key)]).size <= handles.length, true);
      for (const id of all.people.map(({ kind, value }) => partyId(vault.hash, kind, value))) {
        assert.equal(JSON.stringify(event).includes(id), false, 'the log names no party');
      }
    });

  it('leaves nothing in clear that was said of people', async () => {
    await fc.assert(nothingInClear(), { numRuns: 60 });
  });

  it('twin: sealing that does nothing, or only encodes, is found out', async () => {
    for (const box of [(text: string) => text, (text: string) => Buffer.from(text).toString('base64')]) {
      const broken = nothingInClear((ring) => ({
        seal: (_handle, _context, text) => box(text),
        open: ring.open.bind(ring),
        party: ring.party.bind(ring),
      }));
      await assert.rejects(fc.assert(broken, { numRuns: 1, endOnFailure: true }), (error: Error) =>
        /log\.json/.test(String(error.cause)),
      );
    }
  });

  it('gives back the event exactly as it came, and the identifiers as they were normalised', async () => {
    await fc.assert(
      fc.asyncProperty(said, async (all) => {
        const received = receivedFrom(all);
        const { event } = await sealed(received);
        const back = await opened(received, event);
        assert.equal(JSON.stringify(back.cloudEvent), JSON.stringify(received.cloudEvent));
        assert.deepEqual(back.identifiers, received.identifiers);
        assert.equal(back.forgotten, false);
        assert.equal(event.home, homeIndex(received.identifiers));
        assert.equal(event.clear === undefined, !isKnownType(all.type));
        assert.equal(back.clear.brand, 'maison');
        assert.deepEqual(
          event.parties.map(({ named }) => named === true),
          all.people.map(({ name }) => name !== undefined),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('keeps members that JSON.parse makes and an object literal would not', async () => {
    const received = receivedFrom({ type: 'shoe.tried', people: [], words: Array<string>(9).fill('w') });
    const cloudEvent = JSON.parse(
      '{"specversion":"1.0","id":"1","source":"/s","type":"shoe.tried","__proto__":{"a":1},' +
        '"data":{"2":0,"1":0,"__proto__":[1],"identifiers":[{"kind":"user","value":"1"},{"kind":"email","value":"2"}]}}',
    ) as CloudEventJson;
    const identifiers: Identifier[] = [
      { kind: 'user', value: '1', strength: 'verified' },
      { kind: 'email', value: '2', strength: 'claimed' },
    ];
    const odd = { ...received, cloudEvent, identifiers };
    const { event } = await sealed(odd);
    assert.equal(JSON.stringify((await opened(odd, event)).cloudEvent), JSON.stringify(cloudEvent));
  });

  it('refuses a box of another event, and the wrong number of handles', async () => {
    const words = Array.from({ length: 9 }, () => randomBytes(8).toString('hex'));
    const people = [{ kind: 'email', value: words[0] ?? '', name: undefined, strength: 'claimed' as const }];
    const received = receivedFrom({ type: 'email.received', people, words });
    const { event, handles } = await sealed(received);
    const ring = await vault.keys(handles);
    assert.throws(() => openEvent('another', 'email.received', event, ring, vault.hash), DamagedBoxError);
    assert.throws(() => sealEvent(received, [], ring, vault.hash), TypeError);
  });
});

describe('an event whose keys are gone', () => {
  const words = (): string[] => Array.from({ length: 9 }, () => randomBytes(8).toString('hex'));
  const pair = () => [
    { kind: 'email', value: randomBytes(8).toString('hex'), name: 'Ana Ruiz', strength: 'claimed' as const },
    { kind: 'loyalty', value: randomBytes(8).toString('hex'), name: 'Ana R.', strength: 'verified' as const },
  ];

  it('without its home is forgotten: what is clear stays, and who else is known', async () => {
    const received = receivedFrom({ type: 'purchase.completed', people: pair(), words: words() });
    const { event } = await sealed(received);
    const before = await opened(received, event);
    assert.equal(event.home, 1);
    await vault.destroy(event.key);
    const gone = await opened(received, event);
    assert.equal(gone.forgotten, true);
    assert.equal(gone.cloudEvent, undefined);
    assert.deepEqual(gone.identifiers, [received.identifiers[0], undefined]);
    assert.deepEqual(gone.clear, before.clear);
    assert.equal(gone.clear.purchase?.total, '12.50');
  });

  it('without another of its parties is whole but for that one', async () => {
    const received = receivedFrom({ type: 'email.received', people: pair(), words: words() });
    const { event } = await sealed(received);
    await vault.destroy(event.parties[0]?.key ?? 0);
    const rest = await opened(received, event);
    assert.equal(rest.forgotten, false);
    assert.deepEqual(rest.identifiers, [undefined, received.identifiers[1]]);
    const came = received.cloudEvent.data?.['identifiers'] as JsonObject[];
    assert.deepEqual(rest.cloudEvent, {
      ...received.cloudEvent,
      data: {
        ...received.cloudEvent.data,
        identifiers: [{ kind: 'email', strength: 'claimed', forgotten: true }, came[1]],
      },
    });
  });

  it('of an unknown type keeps only its channel', async () => {
    for (const people of [pair(), []]) {
      const received = receivedFrom({ type: 'shoe.tried', people, words: words() });
      const { event } = await sealed(received);
      assert.equal((await opened(received, event)).clear.brand, 'maison');
      await vault.destroy(event.key);
      const gone = await opened(received, event);
      assert.equal(gone.forgotten, true);
      assert.deepEqual(gone.clear, { channel: 'shoe' });
    }
  });

  it('stays forgotten when the same event is sealed again under the new key of the same party', async () => {
    const received = receivedFrom({ type: 'email.received', people: pair(), words: words() });
    const { event } = await sealed(received);
    await vault.destroy(event.key);
    const again = await sealed(received);
    assert.notEqual(again.event.key, event.key);
    assert.equal((await opened(received, event)).forgotten, true);
    assert.equal((await opened(received, again.event)).forgotten, false);
  });
});

describe('a decision', () => {
  const secretOf = (): string => randomBytes(8).toString('hex');

  function unlinked(): { received: ReceivedEvent; texts: string[] } {
    const texts = Array.from({ length: 7 }, secretOf);
    const [a = '', b = '', c = '', d = '', reason = '', name = '', id = ''] = texts;
    const data = {
      reason,
      parties: [
        { kind: 'email', value: a },
        { kind: 'loyalty', forgotten: true },
        { kind: 'phone', value: b },
      ],
      rest: [
        { kind: 'loyalty', value: c },
        { kind: 'user', value: d },
      ],
      by: { key: 'k-1', staff: { id, name } },
    };
    const cloudEvent: CloudEventJson = {
      specversion: '1.0',
      id,
      source: '/threadline/identity',
      type: 'identity.unlinked',
      data,
    };
    const received: ReceivedEvent = {
      eventId: eventId(vault.hash, cloudEvent.source, id),
      interaction: interactionId(vault.hash, cloudEvent.source, id),
      type: cloudEvent.type,
      cloudEvent,
      at: 0,
      hash: contentHash(vault.hash, canonicalJson(cloudEvent)),
      identifiers: [
        { kind: 'email', value: a, strength: 'claimed' },
        { kind: 'phone', value: b, strength: 'claimed' },
        { kind: 'loyalty', value: c, strength: 'claimed' },
        { kind: 'user', value: d, strength: 'claimed' },
      ],
    };
    return { received, texts };
  }

  it('lies sealed, each party under its own key, and comes back as it came', async () => {
    const { received, texts } = unlinked();
    const { event, handles } = await sealed(received);
    writeFileSync(join(folder, 'log.json'), JSON.stringify(event));
    assert.deepEqual(foundInFiles(folder, texts), []);
    assert.deepEqual(
      event.parties.map(({ key, box }) => [key, box !== undefined]),
      handles.map((key, index) => [key, index > 0]),
    );
    assert.deepEqual([event.home, event.key], [0, handles[0]]);
    assert.deepEqual(event.clear, { channel: 'identity', firstSide: 2 });
    const back = await opened(received, event);
    assert.equal(JSON.stringify(back.cloudEvent), JSON.stringify(received.cloudEvent));
    assert.deepEqual(back.identifiers, received.identifiers);
  });

  it('of whom somebody is forgotten tells the others, each on its side', async () => {
    const { received } = unlinked();
    const { event, handles } = await sealed(received);
    await vault.destroy(handles[2] ?? 0);
    const { parties, rest } = (await opened(received, event)).cloudEvent?.data as Record<
      string,
      JsonObject[]
    >;
    assert.deepEqual(parties, received.cloudEvent.data?.['parties']);
    assert.deepEqual(rest, [
      { kind: 'loyalty', forgotten: true },
      { kind: 'user', value: received.identifiers[3]?.value },
    ]);
    await vault.destroy(handles[0] ?? 0);
    const gone = await opened(received, event);
    assert.equal(gone.forgotten, true);
    assert.deepEqual(gone.identifiers, [
      undefined,
      received.identifiers[1],
      undefined,
      received.identifiers[3],
    ]);
    assert.deepEqual(gone.clear, { channel: 'identity', firstSide: 2 });
  });
});
