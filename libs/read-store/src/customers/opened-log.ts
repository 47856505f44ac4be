import type { Json } from '@threadline/domain/canonical-json';
import type { Position, RecordedEvent } from '@threadline/event-store/event-store';
import { renderEntry } from '@threadline/projections/render-entry';
import type { ExplainedData } from '@threadline/projections/sources';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { openEvent, type OpenedEvent } from '@threadline/vault/sealing';
import type { Keyring, Vault } from '@threadline/vault/vault';
import { decode, handlesOf, interactionOf, type LoggedEvent } from './decode.js';

/** What stands for the id of a party whose key is gone. */
const NOBODY = 'forgotten';

/** What readers ask of the log: sealed events that rows refer to. */
export interface LogRows {
  /** The events at these positions, in this order; `undefined` where there is none. */
  at(positions: readonly Position[]): Promise<(RecordedEvent | undefined)[]>;
  /** The whole stream, oldest first. */
  stream(stream: string): Promise<RecordedEvent[]>;
}

/** The log with its seals opened, for readers: a read model's references become what was said. */
export class OpenedLog {
  constructor(
    readonly log: LogRows,
    readonly vault: Vault,
  ) {}

  async logged(positions: Iterable<number>): Promise<LoggedEvent[]> {
    const recorded = (await this.log.at([...positions])).filter((event) => event !== undefined);
    return (await decode(recorded, this.vault)).logged;
  }

  /** The usable events of an interaction. */
  async interaction(stream: string): Promise<LoggedEvent[]> {
    return (await decode(await this.log.stream(stream), this.vault)).logged;
  }

  private async open<T>(
    events: readonly LoggedEvent[],
    use: (event: LoggedEvent, opened: OpenedEvent, keyring: Keyring) => T,
    further: Iterable<number> = [],
  ): Promise<T[]> {
    const keyring = await this.vault.keys([...handlesOf(events), ...further]);
    const { hash } = this.vault;
    return events.map((event) =>
      use(event, openEvent(event.id, event.type, event.stored, keyring, hash), keyring),
    );
  }

  /** What a card shows of these events, and what explains it, by position. */
  async data(positions: Iterable<number>): Promise<Map<number, ExplainedData>> {
    const events = await this.logged(positions);
    const opened = await this.open(
      events,
      (event, { cloudEvent, clear, identifiers }): [number, ExplainedData] => [
        event.position,
        {
          event: event.id,
          type: event.type,
          id: cloudEvent?.id ?? null,
          at: event.at,
          source: event.stored.source,
          clear,
          data: cloudEvent === undefined ? undefined : (cloudEvent.data ?? {}),
          names: identifiers.map((identifier) => identifier?.name),
        },
      ],
    );
    return new Map(opened);
  }

  /** Timeline entries of these events, in the order given; `home` is the handle under which each stands. */
  async entries(rows: readonly { position: number; home: number }[]): Promise<TimelineEntry[]> {
    const homes = new Map(rows.map(({ position, home }) => [position, home]));
    const events = await this.logged(homes.keys());
    const rendered = await this.open(
      events,
      (event, opened, keyring): [number, TimelineEntry] => [
        event.position,
        renderEntry({
          event: event.id,
          interaction: interactionOf(event.stream),
          type: event.type,
          position: event.position,
          recordedAt: event.recordedAt,
          at: event.at,
          source: event.stored.source,
          clear: opened.clear,
          party: keyring.party(homes.get(event.position) ?? -1)?.party ?? NOBODY,
          opened: opened.cloudEvent && { id: opened.cloudEvent.id, data: opened.cloudEvent.data ?? {} },
          identifiers: identifiersOf(event, opened),
        }),
      ],
      homes.values(),
    );
    const byPosition = new Map(rendered);
    return rows.map(({ position }) => byPosition.get(position)).filter((entry) => entry !== undefined);
  }
}

const identifiersOf = (event: LoggedEvent, { identifiers }: OpenedEvent): Json[] =>
  identifiers.map((identifier, place): Json => {
    if (identifier !== undefined) return { ...identifier };
    const { kind = '', strength = 'inferred' } = event.parties[place] ?? {};
    return { kind, strength, forgotten: true };
  });
