import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { UnansweredError, watchedSockets } from './watched-socket.js';

const PATIENCE = 150;

describe('a watched socket', () => {
  let server: Server;
  let answer: (text: Buffer, socket: Socket) => void;
  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', (text) => answer(text, socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => server.close());

  const open = async (make = watchedSockets(PATIENCE)): Promise<Socket> => {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve) => {
      const socket = make({
        ...{ host: '127.0.0.1', port },
        onConnect: () => resolve(socket),
      });
    });
  };

  it('gives whole answers to who listens', async () => {
    answer = (text, socket) => {
      socket.write(text.subarray(0, 6));
      setTimeout(() => socket.write(text.subarray(6)), 20);
    };
    const socket = await open();
    const given: string[] = [];
    socket.on('data', (answers: Buffer) => given.push(answers.toString('latin1')));
    socket.write('\0\0\0\x04fourand');
    await delay(PATIENCE / 2);
    assert.deepEqual(given, ['\0\0\0\x04four']);
    socket.destroy();
  });

  it('is destroyed where what was written is not answered', async () => {
    answer = () => undefined;
    const socket = await open();
    const failed = once(socket, 'error');
    const began = performance.now();
    socket.write('anybody?');
    const [error] = (await failed) as [Error];
    assert.ok(error instanceof UnansweredError);
    assert.ok(performance.now() - began >= PATIENCE - 5);
    assert.equal(socket.destroyed, true);
  });

  it('is not kept by further writes', async () => {
    answer = () => undefined;
    const socket = await open();
    const failed = once(socket, 'error');
    const writing = setInterval(() => socket.write('anybody?'), 20);
    const began = performance.now();
    await failed;
    clearInterval(writing);
    assert.ok(performance.now() - began < 10 * PATIENCE);
  });

  it('is left alone while it is answered, and while nothing is asked', async () => {
    answer = (text, socket) => void socket.write(text);
    const socket = await open();
    socket.resume();
    socket.on('error', (error) => assert.fail(error));
    for (let asked = 0; asked < 10; asked++) {
      socket.write('anybody?');
      await delay(PATIENCE / 4);
    }
    await delay(2 * PATIENCE);
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });

  it('takes with it those of which as little was heard, and no other', async () => {
    answer = (text, socket) => void (text.toString() === 'answer' && socket.write(text));
    const make = watchedSockets(PATIENCE);
    const [dead, idle, used] = await Promise.all([open(make), open(make), open(make)]);
    for (const socket of [idle, used]) socket.on('error', () => undefined).resume();
    const using = setInterval(() => used.write('answer'), PATIENCE / 5);
    const failed = once(dead, 'error');
    dead.write('anybody?');
    await failed;
    clearInterval(using);
    assert.deepEqual([idle.destroyed, used.destroyed], [true, false]);
    used.destroy();
  });
});
