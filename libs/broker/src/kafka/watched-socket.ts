import { connect, isIP, type Socket } from 'node:net';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { wholeAnswers } from './whole-answers.js';

/** Milliseconds of silence after which the operating system asks whether the other side is there. */
const KEEP_ALIVE = 60_000;

export interface SocketSettings {
  readonly host: string;
  readonly port: number;
  /** Undefined: in the clear. */
  readonly ssl?: ConnectionOptions;
  readonly onConnect: () => void;
}

/** What was written was not answered within so many milliseconds: the connection is taken for dead. */
export class UnansweredError extends Error {
  constructor(milliseconds: number) {
    super(`nothing was answered for ${milliseconds / 1_000} s`);
  }
}

/**
 * Makes the sockets of the driver, which (kafkajs 2.2.4) gives up a request that is not answered and goes on with the
 * connection: one whose other half is gone, as a firewall leaves it that has forgotten it, would be used for ever. These
 * are destroyed when something was written and nothing has come since for `patience` milliseconds, which has to be more
 * than any answer takes. With it go all others of which nothing was heard for half as long: what cut the one has probably cut
 * them, each would be found out only after as long again, and one that was merely idle is soon open again.
 *
 * Whoever listens for data is given whole answers only.
 */
export function watchedSockets(patience: number): (settings: SocketSettings) => Socket {
  /** When something was heard of each. */
  const heard = new Map<Socket, number>();
  const destroySilent = (): void => {
    // Some were heard a moment later than the one that is dead. One that is in use is heard every second.
    const since = performance.now() - patience / 2;
    for (const [socket, at] of heard) if (at <= since) socket.destroy(new UnansweredError(patience));
  };
  return ({ host, port, ssl, onConnect }) => {
    const socket = ssl
      ? connectSecurely({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE);
    let late: NodeJS.Timeout | undefined;
    const judge = (): NodeJS.Timeout => {
      const timer = setTimeout(() => {
        // A process that was held still itself hears first what has come meanwhile.
        setImmediate(() => {
          if (late !== timer) return;
          socket.destroy(new UnansweredError(patience));
          destroySilent();
        });
      }, patience).unref();
      return timer;
    };
    const hear = (): void => {
      clearTimeout(late);
      late = undefined;
      heard.set(socket, performance.now());
    };
    hear();
    const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
    socket.write = (...given: unknown[]): boolean => {
      late ??= judge();
      return write(...given);
    };
    socket.on('data', hear).on('close', () => {
      clearTimeout(late);
      heard.delete(socket);
    });
    const on = socket.on.bind(socket) as (event: string, listener: (...given: never[]) => void) => Socket;
    socket.on = (event: string, listener: (...given: never[]) => void) =>
      on(event, event === 'data' ? wholeAnswers(listener as (answers: Buffer) => void) : listener);
    return socket;
  };
}
