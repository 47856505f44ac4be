import assert from 'node:assert/strict';
import { createServer, request as send, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { discardBody } from './unread-body.js';

const MiB = 1_048_576;

describe('the body of a request that is refused', () => {
  let discard = (request: IncomingMessage): Promise<void> => discardBody(request);
  const server = createServer((request, response) => {
    void discard(request).then(() => response.writeHead(413, { connection: 'close' }).end('too large'));
  });
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (bytes: number): Promise<number> =>
    (await fetch(url(), { method: 'POST', body: new Uint8Array(bytes) })).status;

  it('is taken to its end, so that the sender reads why', async () => {
    for (let i = 0; i < 5; i++) assert.equal(await post(9 * MiB), 413);
    assert.equal(await post(0), 413);
  });

  it('is cut off when it is too large or takes too long', async () => {
    let taken = 0;
    discard = async (request) => {
      await discardBody(request, { most: MiB });
      taken = request.socket.bytesRead;
    };
    await post(32 * MiB).catch(() => undefined);
    assert.ok(taken > MiB && taken < 2 * MiB, `${taken} bytes were taken`);

    const waited = new Promise<void>((resolve) => {
      discard = (request) => discardBody(request, { longest: 50 }).then(resolve);
    });
    const slow = send(url(), { method: 'POST', headers: { 'content-length': '100' } }).on('error', () => {});
    slow.write('a');
    await waited;
    slow.destroy();
  });

  it('is not waited for when its sender has gone', async () => {
    const waited = new Promise<void>((resolve) => {
      discard = (request) => discardBody(request).then(resolve);
    });
    const gone = send(url(), { method: 'POST', headers: { 'content-length': '100' } }).on('error', () => {});
    gone.write('a', () => setTimeout(() => gone.destroy(), 20));
    await waited;
  });
});
