import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Intake } from '@threadline/channels/intake';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { streamOf } from '@threadline/domain/decision';
import { partyId } from '@threadline/domain/ids';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { sealEvent } from '@threadline/vault/sealing';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { EventOpener } from './event-opener.js';

const email = (value: string): JsonObject => ({ kind: 'email', value });
const GONE = { kind: 'email', forgotten: true };

describe('a decision of whom somebody was forgotten, given out', () => {
  let folder: string;
  let vault: SqliteVault;
  let count = 0;
  const hash = (...parts: string[]): string => vault.hash(...parts);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-opener-'));
    vault = await SqliteVault.open({ folder, masterKey: randomBytes(32) });
  });
  after(async () => {
    await vault.close();
    await rm(folder, { recursive: true, force: true });
  });

  const take = (raw: JsonObject): ReturnType<Intake['take']> =>
    new Intake({ hash }).take(raw, { at: 0, decides: true });

  /** As the log has it, with the handles of whom it names. */
  async function recorded(raw: JsonObject): Promise<{ event: RecordedEvent; handles: number[] }> {
    const taken = take(raw);
    assert.ok(taken.kind === 'received', JSON.stringify(taken));
    const { eventId, identifiers, interaction, type } = taken.event;
    const handles =
      identifiers.length === 0
        ? await vault.handlesForInteractions([interaction])
        : await vault.handlesFor(
            identifiers.map(({ kind, value }) => ({ party: partyId(hash, kind, value), kind, value })),
          );
    await vault.commit();
    const stored = sealEvent(taken.event, handles, await vault.keys(handles), hash);
    const data = Buffer.from(JSON.stringify(stored));
    const stream = streamOf(type, interaction);
    return { event: { id: eventId, type, data, stream, revision: 0, position: 1, recordedAt: 0 }, handles };
  }

  const decision = (type: string, data: JsonObject): JsonObject => ({
    specversion: '1.0',
    id: `d-${++count}`,
    source: '/threadline/identity',
    type,
    time: '2026-03-03T09:30:00.000Z',
    data: { ...data, reason: 'why', by: { key: 'k' } },
  });

  const given = async (event: RecordedEvent): Promise<JsonObject> => {
    const [one] = await new EventOpener(vault).cloudEvents([event]);
    return one ?? {};
  };

  it('can be sent back, and names the others as before', async () => {
    const { event, handles } = await recorded(
      decision('identity.unlinked', { parties: [email('a@x'), email('b@x')], rest: [email('c@x')] }),
    );
    await vault.destroy(handles[1] ?? 0);
    const out = await given(event);
    assert.deepEqual(out['data'], {
      parties: [email('a@x'), GONE],
      rest: [email('c@x')],
      reason: 'why',
      by: { key: 'k' },
    });
    const again = await recorded(out);
    assert.deepEqual([again.event.id, again.handles], [event.id, [handles[0], handles[2]]]);
    assert.deepEqual((await given(again.event))['data'], out['data']);
  });

  it('whose first party is gone says neither why nor who decided, and still whom it names', async () => {
    const { event, handles } = await recorded(
      decision('identity.unlinked', { parties: [email('f@x'), email('g@x')], rest: [email('h@x')] }),
    );
    await vault.destroy(handles[0] ?? 0);
    const out = await given(event);
    assert.deepEqual(
      [out['id'], out['data']],
      [event.id, { forgotten: true, parties: [GONE, email('g@x')], rest: [email('h@x')] }],
    );
    assert.deepEqual((await recorded(out)).handles, handles.slice(1));

    const link = await recorded(decision('identity.linked', { parties: [email('i@x'), email('j@x')] }));
    await vault.destroy(link.handles[0] ?? 0);
    const left = await given(link.event);
    assert.deepEqual(left['data'], { forgotten: true, parties: [GONE, email('j@x')] });
    assert.deepEqual((await recorded(left)).handles, link.handles.slice(1));
  });

  it('that names nobody any more can be sent back all the same', async () => {
    const { event, handles } = await recorded(
      decision('identity.linked', { parties: [email('k@x'), email('l@x')] }),
    );
    for (const handle of handles) await vault.destroy(handle);
    const out = await given(event);
    assert.deepEqual(out['data'], { forgotten: true, parties: [GONE, GONE] });
    const again = await recorded(out);
    assert.deepEqual((await given(again.event))['data'], out['data']);
  });
});
