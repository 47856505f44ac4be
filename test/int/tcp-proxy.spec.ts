import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('a TCP proxy', () => {
  let proxy: TcpProxy;
  let server: Server;
  let taken: Socket[];

  beforeEach(async () => {
    taken = [];
    server = createServer({ allowHalfOpen: true }, (socket) => {
      taken.push(socket.on('error', () => undefined));
      socket.on('data', (piece) => socket.write(piece));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.listen();
    proxy.leadTo((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.close();
    for (const socket of taken) socket.destroy();
    server.close();
  });

  const client = async (): Promise<Socket> => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
  const echo = async (socket: Socket, text: string): Promise<string> => {
    socket.write(text);
    return String(((await once(socket, 'data')) as [Buffer])[0]);
  };

  it('passes on what it is given, and the end of it', async () => {
    const socket = await client();
    assert.equal(await echo(socket, 'hello'), 'hello');
    const ended = once(taken[0] as Socket, 'end');
    socket.end();
    await ended;
    taken[0]?.end();
    await once(socket, 'end');
  });

  it('cuts both sides off', async () => {
    const socket = await client();
    await echo(socket, 'hello');
    const told = Promise.all([socket, taken[0] as Socket].map((side) => once(side, 'error')));
    proxy.cut();
    for (const [error] of (await told) as [NodeJS.ErrnoException][]) assert.equal(error.code, 'ECONNRESET');
    assert.equal(await echo(await client(), 'again'), 'again');
  });

  it('closes for one side only, and the other is not told', async () => {
    const socket = await client();
    await echo(socket, 'hello');
    const ended = once(taken[0] as Socket, 'end');
    let heard = false;
    socket.on('data', () => (heard = true)).on('end', () => (heard = true));
    proxy.halfClose('server');
    await ended;
    taken[0]?.end('a last word');
    socket.write('anybody?');
    assert.equal(await echo(await client(), 'new'), 'new');
    assert.equal(heard, false);
    socket.destroy();
  });

  it('keeps each piece for a while', async () => {
    const socket = await client();
    proxy.slow(60);
    const since = performance.now();
    assert.equal(await echo(socket, 'hello'), 'hello');
    assert.ok(performance.now() - since > 110);
    socket.destroy();
  });

  it('is silent until it may speak, and then loses nothing', async () => {
    const socket = await client();
    await echo(socket, 'hello');
    proxy.hush();
    const late = await client();
    late.write('late');
    socket.write('held');
    let heard = '';
    for (const one of [socket, late]) one.on('data', (piece: Buffer) => (heard += String(piece)));
    // Something that did come through would have come by the time that another connection was answered.
    const other = await TcpProxy.listen();
    other.leadTo((server.address() as AddressInfo).port);
    const beside = connect(other.port, '127.0.0.1');
    assert.equal(await echo(beside, 'beside'), 'beside');
    beside.destroy();
    await other.close();
    assert.equal(heard, '');
    const both = Promise.all([once(socket, 'data'), once(late, 'data')]);
    proxy.speak();
    await both;
    assert.deepEqual(
      ['held', 'late'].map((word) => heard.includes(word)),
      [true, true],
    );
    socket.destroy();
    late.destroy();
  });
});
