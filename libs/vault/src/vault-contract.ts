import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { partyId } from '@threadline/domain/ids';
import { DamagedBoxError, KeyGoneError, ReadOnlyVaultError } from './errors.js';
import type { Handle, PartyRequest, Vault } from './vault.js';

/** A vault to test, alone on its storage. */
export interface VaultBed {
  readonly vault: Vault;
  /** The same storage as another process sees it, to read only. */
  reader(): Promise<Vault>;
  /** Closes `vault` and opens the storage anew. */
  reopened(): Promise<Vault>;
  close(): Promise<void>;
}

export interface VaultAbilities {
  /** Where several processes write: that many vaults, opened at the same moment on one storage that was empty. */
  readonly together?: (masterKey: Buffer, count: number) => Promise<Vault[]>;
}

let made = 0;
/** A party that nobody has asked for before. */
export function someParty(
  vault: Vault,
  value = `person-${++made}-${randomBytes(4).toString('hex')}@example.org`,
) {
  return { party: partyId(vault.hash, 'email', value), kind: 'email', value } satisfies PartyRequest;
}

async function one(handles: Promise<Handle[]>): Promise<Handle> {
  const [handle] = await handles;
  assert.ok(handle !== undefined);
  return handle;
}

const interaction = (): string => randomBytes(16).toString('hex');

/** Any text that JSON carries whole: no lone surrogates. */
const text = fc.string({ unit: 'binary', maxLength: 600 }).map((value) => value.toWellFormed());

/** What every vault guarantees. */
export function vaultContract(
  name: string,
  open: (masterKey: Buffer) => Promise<VaultBed>,
  { together }: VaultAbilities = {},
): void {
  describe(`${name} is a vault`, () => {
    const masterKey = randomBytes(32);
    let bed: VaultBed;
    let vault: Vault;
    before(async () => {
      bed = await open(masterKey);
      ({ vault } = bed);
    });
    after(() => bed.close());

    it('gives a party one handle for ever: random, below 2^52, its own', async () => {
      const parties = Array.from({ length: 200 }, () => someParty(vault));
      const handles = await vault.handlesFor([...parties, ...parties]);
      assert.deepEqual(handles.slice(0, 200), handles.slice(200));
      assert.equal(new Set(handles).size, 200);
      assert.ok(handles.every((handle) => Number.isSafeInteger(handle) && handle > 0 && handle < 2 ** 52));
      assert.ok(handles.some((handle) => handle > 2 ** 51) && handles.some((handle) => handle < 2 ** 51));
      const ascending = [...handles.slice(0, 200)].sort((a, b) => a - b);
      assert.notDeepEqual(handles.slice(0, 200), ascending);
      await vault.commit();
      assert.deepEqual(await vault.handlesFor(parties), handles.slice(0, 200));
      assert.deepEqual(await vault.find(parties.map(({ party }) => party)), handles.slice(0, 200));
    });

    it('knows who a party is, and nobody by an interaction', async () => {
      const party = someParty(vault);
      const handle = await one(vault.handlesFor([party]));
      const own = await one(vault.handlesForInteractions([interaction()]));
      const ring = await vault.keys([handle, own]);
      assert.deepEqual(ring.party(handle), { handle, ...party });
      assert.equal(ring.party(own), undefined);
      assert.equal(ring.party(1), undefined);
      assert.deepEqual(await vault.find([partyId(vault.hash, 'email', 'nobody')]), [undefined]);
    });

    it('gives an interaction one handle for ever', async () => {
      const id = interaction();
      const handle = await one(vault.handlesForInteractions([id]));
      await vault.commit();
      assert.deepEqual(await vault.handlesForInteractions([id, id]), [handle, handle]);
      const ring = await vault.keys([handle]);
      assert.equal(ring.open(handle, 'e/event', ring.seal(handle, 'e/event', 'words')), 'words');
    });

    it('opens what it sealed, whatever the text', async () => {
      const handle = await one(vault.handlesFor([someParty(vault)]));
      const ring = await vault.keys([handle]);
      fc.assert(
        fc.property(text, text, (words, context) => {
          assert.equal(ring.open(handle, context, ring.seal(handle, context, words)), words);
        }),
      );
      assert.notEqual(ring.seal(handle, 'e', 'words'), ring.seal(handle, 'e', 'words'));
    });

    it('refuses a box that was changed at any byte, cut, or moved to another context or key', async () => {
      const [mine, other] = await vault.handlesFor([someParty(vault), someParty(vault)]);
      assert.ok(mine !== undefined && other !== undefined);
      const ring = await vault.keys([mine, other]);
      const box = ring.seal(mine, 'e1/event', 'The zip broke again.');
      const bytes = Buffer.from(box, 'base64');
      for (let i = 0; i < bytes.length; i++) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
        assert.throws(() => ring.open(mine, 'e1/event', changed.toString('base64')), DamagedBoxError);
        assert.throws(() => ring.open(mine, 'e1/event', bytes.toString('base64', 0, i)), DamagedBoxError);
      }
      assert.throws(() => ring.open(mine, 'e2/event', box), DamagedBoxError);
      assert.throws(() => ring.open(mine, 'e1/0', box), DamagedBoxError);
      assert.throws(() => ring.open(other, 'e1/event', box), DamagedBoxError);
    });

    it('keeps what it committed, and shows it to readers', async () => {
      const party = someParty(vault);
      const reader = await bed.reader();
      try {
        assert.deepEqual(await reader.find([party.party]), [undefined]);
        const handle = await one(vault.handlesFor([party]));
        await vault.commit();
        const box = (await vault.keys([handle])).seal(handle, 'e', 'words');
        const ring = await reader.keys([handle]);
        assert.deepEqual(await reader.find([party.party]), [handle]);
        assert.equal(ring.open(handle, 'e', box), 'words');
        assert.deepEqual(ring.party(handle), { handle, ...party });
        vault = await bed.reopened();
        assert.deepEqual(await vault.handlesFor([party]), [handle]);
        assert.equal((await vault.keys([handle])).open(handle, 'e', box), 'words');
      } finally {
        await reader.close();
      }
    });

    it('answers commit where nothing is new', async () => {
      await vault.commit();
      await vault.commit();
    });

    it('a destroyed key stays destroyed: for readers, after a restart, and when the party is seen again', async () => {
      const party = someParty(vault);
      const handle = await one(vault.handlesFor([party]));
      await vault.commit();
      const box = (await vault.keys([handle])).seal(handle, 'e', 'words');
      const reader = await bed.reader();
      try {
        assert.equal((await reader.keys([handle])).open(handle, 'e', box), 'words');
        assert.equal(await vault.destroy(handle), true);
        assert.equal(await vault.destroy(handle), false);
        const gone = async (from: Vault): Promise<void> => {
          const ring = await from.keys([handle]);
          assert.equal(ring.open(handle, 'e', box), undefined);
          assert.equal(ring.party(handle), undefined);
          assert.throws(() => ring.seal(handle, 'e', 'more'), KeyGoneError);
        };
        await gone(vault);
        await gone(reader);
        assert.deepEqual(await vault.find([party.party]), [undefined]);
        assert.deepEqual(await reader.find([party.party]), [undefined]);

        const again = await one(vault.handlesFor([party]));
        assert.notEqual(again, handle);
        await vault.commit();
        const ring = await vault.keys([handle, again]);
        assert.equal(ring.open(handle, 'e', box), undefined);
        assert.throws(() => ring.open(again, 'e', box), DamagedBoxError);
        vault = await bed.reopened();
        await gone(vault);
        assert.deepEqual(await vault.find([party.party]), [again]);
      } finally {
        await reader.close();
      }
    });

    it('destroys a key that was not committed yet', async () => {
      const party = someParty(vault);
      const handle = await one(vault.handlesFor([party]));
      assert.equal(await vault.destroy(handle), true);
      assert.deepEqual(await vault.find([party.party]), [undefined]);
    });

    it('makes and destroys nothing where it was opened to read', async () => {
      const reader = await bed.reader();
      try {
        await assert.rejects(reader.handlesFor([someParty(vault)]), ReadOnlyVaultError);
        await assert.rejects(reader.destroy(1), ReadOnlyVaultError);
      } finally {
        await reader.close();
      }
    });

    it('hashes the same under the same master key, and keeps the parts apart', async () => {
      const twin = await open(masterKey);
      const stranger = await open(randomBytes(32));
      try {
        fc.assert(
          fc.property(fc.array(text, { maxLength: 4 }), fc.array(text, { maxLength: 4 }), (a, b) => {
            assert.match(vault.hash(...a), /^[0-9a-f]{32}$/);
            assert.equal(vault.hash(...a), twin.vault.hash(...a));
            assert.notEqual(vault.hash(...a), stranger.vault.hash(...a));
            assert.equal(vault.hash(...a) === vault.hash(...b), JSON.stringify(a) === JSON.stringify(b));
          }),
        );
        assert.notEqual(vault.hash('ab', 'c'), vault.hash('a', 'bc'));
        assert.notEqual(vault.hash('a', ''), vault.hash('a'));
      } finally {
        await twin.close();
        await stranger.close();
      }
    });
  });

  if (together === undefined) return;
  describe(`${name} is one vault to all who write it`, () => {
    const masterKey = randomBytes(32);
    let vaults: Vault[] = [];
    before(async () => {
      vaults = await together(masterKey, 5);
    });
    after(() => Promise.all(vaults.map((vault) => vault.close())));

    it('gives those who begin it at once the same naming key and the same root key', async () => {
      const [first, ...others] = vaults as [Vault, ...Vault[]];
      const handle = await one(first.handlesFor([someParty(first)]));
      await first.commit();
      const box = (await first.keys([handle])).seal(handle, 'e', 'words');
      for (const vault of others) {
        assert.equal(vault.hash('a', 'b'), first.hash('a', 'b'));
        assert.equal((await vault.keys([handle])).open(handle, 'e', box), 'words');
      }
    });

    it('gives a party one handle and one key, however many ask for it at once', async () => {
      await oneHandleEach(vaults);
    });

    it('tells who writes that another one destroyed a key', async () => {
      const [mine, other] = vaults as [Vault, Vault];
      const party = someParty(mine);
      const handle = await one(mine.handlesFor([party]));
      await mine.commit();
      assert.deepEqual(await other.handlesFor([party]), [handle]);
      assert.equal((await other.keys([handle])).party(handle)?.value, party.value);
      assert.equal(await mine.destroy(handle), true);
      const ring = await other.keys([handle]);
      assert.throws(() => ring.seal(handle, 'e', 'words'), KeyGoneError);
      const again = await one(other.handlesFor([party]));
      assert.notEqual(again, handle);
      assert.deepEqual(await mine.handlesFor([party]), [again]);
    });
  });
}

/** All of them make the keys of the same parties and interactions at once, each in another order. */
export async function oneHandleEach(vaults: readonly Vault[]): Promise<void> {
  const [first] = vaults as [Vault];
  const parties = Array.from({ length: 300 }, () => someParty(first));
  const interactions = Array.from({ length: 100 }, interaction);
  const answers = await Promise.all(
    vaults.map(async (vault, index) => {
      const turned = <T>(items: T[]): T[] => [...items.slice(index * 50), ...items.slice(0, index * 50)];
      const [some, others] = [turned(parties), turned(interactions)];
      const [handles, lone] = await Promise.all([
        vault.handlesFor(some),
        vault.handlesForInteractions(others),
      ]);
      await vault.commit();
      const ring = await vault.keys([...handles, ...lone]);
      const named: [string, Handle, string][] = [
        ...some.map(({ party }, at) => [party, handles[at] as Handle] as const),
        ...others.map((id, at) => [id, lone[at] as Handle] as const),
      ].map(([owner, handle]) => [owner, handle, ring.seal(handle, 'e', owner)]);
      return new Map(named.map(([owner, ...rest]) => [owner, rest]));
    }),
  );
  const [told] = answers as [(typeof answers)[0]];
  const handles = [...told.values()].map(([handle]) => handle);
  assert.equal(new Set(handles).size, 400);
  const ring = await first.keys(handles);
  for (const answer of answers) {
    for (const [owner, [handle, box]] of answer) {
      assert.equal(handle, told.get(owner)?.[0], 'one handle');
      assert.equal(ring.open(handle, 'e', box), owner, 'one key');
    }
  }
  assert.deepEqual(
    await first.find(parties.map(({ party }) => party)),
    parties.map(({ party }) => told.get(party)?.[0]),
  );
}
