import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** Of a connection: who has connected, or whom it was connected to. */
export type Side = 'client' | 'server';

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing passes on it any more, and neither side is told. */
  dead: boolean;
}

/** Stands between clients and a server on loopback, and does to their connections what networks do. */
export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #target = 0;
  #delay = 0;
  /** Bytes from the server until a connection is cut; undefined: none will be. */
  #left: number | undefined;
  /** While nothing passes; resolved when it does again. */
  #silence: PromiseWithResolvers<void> | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => this.#take(client));
  }

  /** On a free port of 127.0.0.1. Before `leadTo` nobody who connects is answered. */
  static async listen(): Promise<TcpProxy> {
    // A side that has said its last word may still be told something.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whom clients come to from now on: a port of 127.0.0.1. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** RST to both sides of every connection. */
  cut(): void {
    for (const { client, server } of this.#connections) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** RST to both sides of a connection as soon as so many bytes more have come from the server, which have passed. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  /**
   * FIN to one side of every connection. Nothing passes on it any more, and the other side never hears of it: what a
   * firewall makes of a connection that it has forgotten. New connections are as good as ever.
   */
  halfClose(side: Side): void {
    for (const connection of this.#connections) {
      connection.dead = true;
      connection[side].end();
    }
  }

  /** Every piece of data lies here for so many milliseconds first, in either direction; 0: none does. */
  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** From now on nothing passes, nor on new connections, until `speak`: then what was held back does. */
  hush(): void {
    this.#silence ??= Promise.withResolvers();
  }

  speak(): void {
    this.#silence?.resolve();
    this.#silence = undefined;
  }

  async close(): Promise<void> {
    this.speak();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { client, server } of this.#connections) for (const side of [client, server]) side.destroy();
    await closed;
  }

  #take(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const connection: Connection = { client, server, dead: false };
    this.#connections.add(connection);
    const broken = (): void => {
      // A dead connection keeps its other side waiting.
      if (connection.dead) return;
      client.destroy();
      server.destroy();
    };
    for (const side of [client, server]) side.on('error', broken);
    const closed = [once(client, 'close'), once(server, 'close')];
    void Promise.allSettled(closed).then(() => this.#connections.delete(connection));
    this.#pass(client, server, connection).catch(broken);
    this.#pass(server, client, connection).catch(broken);
  }

  async #pass(from: Socket, to: Socket, connection: Connection): Promise<void> {
    const pieces = (from as Readable).iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const piece of pieces) {
      if (this.#delay > 0) await delay(this.#delay);
      await this.#silence?.promise;
      if (connection.dead) continue;
      if (from === connection.server && this.#left !== undefined) {
        if (this.#left <= piece.length) {
          const last = piece.subarray(0, this.#left);
          this.#left = undefined;
          to.write(last, () => to.resetAndDestroy());
          from.resetAndDestroy();
          return;
        }
        this.#left -= piece.length;
      }
      if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
    await this.#silence?.promise;
    if (!connection.dead) to.end();
  }
}
