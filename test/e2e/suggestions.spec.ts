import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import type { Suggestion, SuggestionPage } from '@threadline/read-store/search/suggestion-reads';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send, type Sent } from '../support/send.js';

const MASTER_KEY = Buffer.alloc(32, 5);

let count = 0;
const stated = (kind: string, value: string, profile: JsonObject): Sent => ({
  id: `p-${++count}`,
  type: 'profile.stated',
  time: '2026-03-02T10:15:00Z',
  data: { identifiers: [{ kind, value }], profile },
});

const people: Sent[] = [
  stated('loyalty', 'M-1', {
    name: 'Ana Ruiz',
    birthday: '1984-03-09',
    address: { street: 'Gartenstraße 12', postcode: '20095', city: 'Hamburg' },
    language: 'es',
  }),
  stated('email', 'a.ruiz@example.org', {
    name: 'Riuz, Ana',
    birthday: '9.3.1984',
    address: 'Gartenstr. 12, 20095 Hamburg',
  }),
  // Her twin.
  stated('email', 'berta@example.org', {
    name: 'Berta Ruiz',
    birthday: '1984-03-09',
    address: 'Gartenstraße 12, 20095 Hamburg',
  }),
  stated('loyalty', 'M-7', { name: '王小明', birthday: '1990-01-02' }),
  {
    id: 'chat-7',
    type: 'chat.message',
    data: {
      identifiers: [{ kind: 'wechat', value: 'xiaoming90', name: '王小明' }],
      content: { text: '你好' },
    },
  },
  stated('wechat', 'xiaoming90', { birthday: '1990年1月2日' }),
  stated('loyalty', 'M-9', { name: 'Otto Kahn', birthday: '1955-05-05' }),
];

describe('suggestions', () => {
  let hub: TestHub;
  let position: string;
  const page = async (query = ''): Promise<SuggestionPage> =>
    (await read(
      hub,
      `/v1/identity/suggestions?minPosition=${position}${query}`,
    )) as unknown as SuggestionPage;
  const named = ({ parties }: Suggestion): string =>
    parties
      .map(({ kind, value }) => `${kind}:${value}`)
      .sort()
      .join(' ');
  const decide = async (what: 'links' | 'unlinks', ...parties: JsonObject[]): Promise<void> => {
    const response = await hub.fetch(`/v1/identity/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ parties, reason: 'asked her' }),
    });
    assert.equal(response.status, 202, await response.clone().text());
    ({ position } = (await response.json()) as { position: string });
  };

  before(async () => {
    hub = await startHub({ env: { THREADLINE_MASTER_KEY: MASTER_KEY.toString('base64') } });
    position = await send(hub, people);
  });
  after(() => hub.stop());

  const ANA = 'email:a.ruiz@example.org loyalty:M-1';
  const MING = 'loyalty:M-7 wechat:xiaoming90';

  it('are of those who look like one person, the likeliest first, with reasons', async () => {
    const { suggestions, next } = await page();
    assert.deepEqual(suggestions.map(named).sort(), [ANA, MING]);
    assert.equal(next, null);
    const scores = suggestions.map(({ score }) => score);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    const ana = suggestions.find((suggestion) => named(suggestion) === ANA);
    assert.deepEqual(
      ana?.parties.map(({ id }) => id),
      ana?.customers,
    );
    const reasons = new Map(ana?.reasons.map((reason) => [reason.field, reason]));
    assert.deepEqual(reasons.get('birthday')?.values, ['19840309', '19840309']);
    assert.equal(reasons.get('birthday')?.how, 'same');
    assert.match(reasons.get('family name')?.how ?? '', /typing slip/);
    assert.ok((reasons.get('address')?.weight ?? 0) > 0);
  });

  it('say where they are, and need a key that reads', async () => {
    const response = await hub.fetch(`/v1/identity/suggestions?minPosition=${position}`);
    assert.ok(Number(response.headers.get('x-threadline-position')) >= Number(position));
    const nobody = await fetch(`${hub.url}/v1/identity/suggestions`);
    assert.equal(nobody.status, 401);
  });

  it('come in pages, of one customer, and from a score on', async () => {
    const first = await page('&limit=1');
    assert.equal(first.suggestions.length, 1);
    const second = await page(`&limit=1&cursor=${encodeURIComponent(first.next ?? '')}`);
    assert.deepEqual([...first.suggestions, ...second.suggestions].map(named).sort(), [ANA, MING]);
    assert.equal(second.next, null);

    const { id } = await read(hub, '/v1/customers/by/wechat/xiaoming90');
    assert.deepEqual((await page(`&customer=${id as string}`)).suggestions.map(named), [MING]);
    assert.deepEqual((await page('&minScore=1')).suggestions, []);
    assert.ok((await page('&minScore=0')).suggestions.length > 2);
  });

  it('refuse what they cannot read', async () => {
    for (const query of ['minScore=2', 'limit=0', 'cursor=x', 'customer=ana']) {
      await read(hub, `/v1/identity/suggestions?${query}`, 400);
    }
    await read(hub, `/v1/identity/suggestions?customer=${'0'.repeat(32)}`, 404);
  });

  it('are not of whom a person has linked, nor of whom a person keeps apart', async () => {
    const ana = { kind: 'loyalty', value: 'M-1' };
    const other = { kind: 'email', value: 'a.ruiz@example.org' };
    await decide('links', ana, other);
    assert.deepEqual((await page()).suggestions.map(named), [MING]);
    await decide('unlinks', other);
    assert.deepEqual((await page()).suggestions.map(named), [MING], 'kept apart');
    await decide('links', ana, other);
    assert.deepEqual((await page()).suggestions.map(named), [MING]);
  });

  it('are gone with what is forgotten', async () => {
    const { folder } = hub;
    const vault = await SqliteVault.open({ folder, masterKey: MASTER_KEY, readOnly: false });
    const { identifiers, id } = await read(hub, '/v1/customers/by/wechat/xiaoming90');
    assert.equal((identifiers as unknown[]).length, 1);
    const [handle] = await vault.find([id as string]);
    await vault.destroy(handle ?? -1);
    await vault.close();
    assert.deepEqual((await page()).suggestions, []);
  });
});
