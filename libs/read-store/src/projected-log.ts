import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, type JsonObject } from '@threadline/domain/canonical-json';
import { defaultStrength, type Identifier } from '@threadline/domain/identifier';
import { contentHash, eventId, interactionId, interactionStream, partyId } from '@threadline/domain/ids';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { sealEvent } from '@threadline/vault/sealing';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { Projector } from './projector.js';
import { SqliteCustomerReads } from './sqlite/sqlite-customer-reads.js';

export const MASTER_KEY = Buffer.alloc(32, 7);

/** An event of a spec: `object` and `identifiers` (`kind:value`) are the parts that projections care about. */
export interface Told {
  readonly id: string;
  readonly type?: string;
  /** Minutes after the epoch. */
  readonly at?: number;
  readonly object?: string;
  readonly who?: readonly string[];
  readonly data?: JsonObject;
}

/** A log, its vault, its projector and its readers on a temporary folder: the specs of this room write the log themselves. */
export class ProjectedLog {
  projector: Projector;
  readonly reads: SqliteCustomerReads;

  private constructor(
    readonly folder: string,
    readonly store: SqliteEventStore,
    readonly vault: SqliteVault,
  ) {
    this.projector = this.openProjector();
    this.reads = new SqliteCustomerReads({ folder, log: store, vault, now: () => this.now });
  }

  /** The moment of every read, in milliseconds. */
  now = 0;

  static async open(): Promise<ProjectedLog> {
    const folder = mkdtempSync(join(tmpdir(), 'threadline-projected-'));
    const store = await SqliteEventStore.open({ folder });
    return new ProjectedLog(folder, store, await SqliteVault.open({ folder, masterKey: MASTER_KEY }));
  }

  openProjector(): Projector {
    return Projector.open({ folder: this.folder, log: this.store, vault: this.vault, now: () => this.now });
  }

  readonly hash = (...parts: string[]): string => this.vault.hash(...parts);

  streamOf({ id, object }: Told): string {
    return interactionStream(interactionId(this.hash, '/spec', object ?? id));
  }

  party(who: string): string {
    const { kind, value } = identifierOf(who);
    return partyId(this.hash, kind, value);
  }

  /** Appends the events and projects them. */
  async tell(...told: Told[]): Promise<void> {
    for (const one of told) await this.append(one, Buffer.from(JSON.stringify(await this.sealed(one))));
    await this.catchUp();
  }

  async append(told: Told, data: Uint8Array): Promise<void> {
    const event = { id: eventId(this.hash, '/spec', told.id), type: told.type ?? 'chat.message', data };
    await this.store.append([{ stream: this.streamOf(told), expected: 'any', events: [event] }]);
  }

  async catchUp(): Promise<void> {
    for (let at = -1; at !== this.projector.checkpoint;) {
      at = this.projector.checkpoint;
      await this.projector.next();
    }
  }

  async sealed({ id, type = 'chat.message', at = 0, object, who = [], data = {} }: Told): Promise<object> {
    const identifiers = who.map(identifierOf);
    const cloudEvent: CloudEventJson = {
      specversion: '1.0',
      id,
      source: '/spec',
      type,
      time: new Date(at * 60_000).toISOString(),
      data: {
        ...data,
        ...(object !== undefined && { object }),
        identifiers: identifiers.map((one) => ({ ...one })),
      },
    };
    const interaction = interactionId(this.hash, '/spec', object ?? id);
    const handles =
      identifiers.length === 0
        ? await this.vault.handlesForInteractions([interaction])
        : await this.vault.handlesFor(
            identifiers.map(({ kind, value }) => ({ party: partyId(this.hash, kind, value), kind, value })),
          );
    await this.vault.commit();
    const received = {
      eventId: eventId(this.hash, '/spec', id),
      interaction,
      type,
      cloudEvent,
      at: at * 60_000,
      hash: contentHash(this.hash, canonicalJson(cloudEvent)),
      identifiers,
    };
    return sealEvent(received, handles, await this.vault.keys(handles), this.hash);
  }

  async close(): Promise<void> {
    this.projector.close();
    this.reads.close();
    await this.store.close();
    await this.vault.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `email:ana@example.org Ana` is an identifier with a name; `~phone:+44…` is shared. */
function identifierOf(who: string): Identifier {
  const shared = who.startsWith('~');
  const [identifier = '', ...name] = who.slice(Number(shared)).split(' ');
  const colon = identifier.indexOf(':');
  const kind = identifier.slice(0, colon);
  return {
    kind,
    value: identifier.slice(colon + 1),
    strength: shared ? 'shared' : defaultStrength(kind),
    ...(name.length > 0 && { name: name.join(' ') }),
  };
}
