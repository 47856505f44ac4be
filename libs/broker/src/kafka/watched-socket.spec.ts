import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { UnansweredError, watchedSockets } from './watched-socket.js';

const PATIENCE = 14_000;

describe('a watched socket', () => {
  let server: Server;
  let answer: (text: Buffer, socket: Socket) => void;
  let now: number;
  beforeEach(async () => {
    now = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(performance, 'now', () => now);
    server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', (text) => answer(text, socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
    mock.reset();
  });

  /** Lets so many milliseconds pass at once, and whatever follows from them happen. */
  const pass = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
    await new Promise((resolve) => setImmediate(resolve));
  };

  const open = async (make = watchedSockets(PATIENCE)): Promise<Socket & { failed?: Error }> => {
    const { port } = server.address() as AddressInfo;
    const socket: Socket & { failed?: Error } = await new Promise((resolve) => {
      const made = make({ host: '127.0.0.1', port, onConnect: () => resolve(made) });
    });
    return socket.on('error', (error) => (socket.failed = error)).resume();
  };

  const ask = async (socket: Socket): Promise<void> => {
    const heard = once(socket, 'data');
    socket.write('\0\0\0\x04four');
    await heard;
  };

  it('gives whole answers to who listens', async () => {
    answer = (text, socket) => {
      socket.write(text.subarray(0, 6));
      setImmediate(() => socket.write(text.subarray(6)));
    };
    const socket = await open();
    const first = once(socket, 'data') as Promise<[Buffer]>;
    socket.write('\0\0\0\x04fourand');
    assert.equal((await first)[0].toString('latin1'), '\0\0\0\x04four');
    socket.destroy();
  });

  it('is destroyed where what was written is not answered', async () => {
    answer = () => undefined;
    const socket = await open();
    await pass(10 * PATIENCE);
    socket.write('anybody?');
    await pass(PATIENCE - 1);
    assert.equal(socket.destroyed, false);
    await pass(1);
    assert.equal(socket.destroyed, true);
    assert.ok(socket.failed instanceof UnansweredError);
  });

  it('is not kept by further writes', async () => {
    answer = () => undefined;
    const socket = await open();
    for (let written = 0; written < 4; written++) {
      assert.equal(socket.destroyed, false);
      socket.write('anybody?');
      await pass(PATIENCE / 4);
    }
    assert.equal(socket.destroyed, true);
  });

  it('is left alone while it is answered, and while nothing is asked', async () => {
    answer = (text, socket) => void socket.write(text);
    const socket = await open();
    for (let asked = 0; asked < 4; asked++) {
      await ask(socket);
      await pass(PATIENCE - 1);
    }
    await pass(10 * PATIENCE);
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });

  it('is left alone where the answer came while this process was held still', async () => {
    let answered = (): void => undefined;
    const sent = new Promise<void>((resolve) => (answered = resolve));
    answer = (text, socket) => void socket.write(text, answered);
    const socket = await open();
    socket.pause();
    const heard = once(socket, 'data');
    socket.write('\0\0\0\x04four');
    await sent;
    // As a timer of the loop does, it goes off before what has come is read.
    await new Promise((resolve) => setImmediate(resolve));
    socket.resume();
    await pass(PATIENCE);
    await heard;
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });

  it('takes with it those of which as little was heard, and no other', async () => {
    answer = (text, socket) => void (text.length === 8 && socket.write(text));
    const make = watchedSockets(PATIENCE);
    const [dead, idle, used] = await Promise.all([open(make), open(make), open(make)]);
    dead.write('is anybody there?');
    await pass((PATIENCE * 3) / 4);
    await ask(used);
    await pass(PATIENCE / 4);
    assert.deepEqual(
      [dead, idle, used].map(({ destroyed }) => destroyed),
      [true, true, false],
    );
    used.destroy();
  });
});
