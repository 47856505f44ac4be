import type { ProjectedEvent } from '@threadline/projections/projected-event';
import type { ClearData } from '@threadline/domain/stored-event';
import type { TimelineRow } from '../sqlite/customers-model.js';
import type { LoggedEvent } from '../customers/decode.js';
import { entryKeyOf } from '../customers/entry-key.js';

const NONE = -1;
const STANDS = 1;
const SEVERAL = 2;
const INTERACTION_DIGITS = 32;

const uuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** Typed arrays that grow. */
class Column {
  private values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  at(index: number): number {
    return this.values[index] as number;
  }

  set(index: number, value: number): void {
    this.values[index] = value;
  }

  all(): Float64Array {
    return this.values.subarray(0, this.length);
  }
}

const ARENA_PIECE = 8 * 1_048_576;
/** So much of what is clear is kept; what comes after it is read from the log again. */
const ARENA_LIMIT = 16 * ARENA_PIECE;

/** Texts in a few large buffers instead of a million small strings. */
class Arena {
  private readonly pieces: Buffer[] = [];
  private readonly piece: number;
  private used: number;

  /** Holds so many bytes at most. */
  constructor(private readonly limit: number) {
    this.used = this.piece = Math.min(ARENA_PIECE, limit);
  }

  /** Where the text lies; `NONE` where there is no room for it. */
  add(text: string): number {
    const most = text.length * 3 + 4;
    if (most > this.piece) return NONE;
    if (this.used + most > this.piece) {
      if ((this.pieces.length + 1) * this.piece > this.limit) return NONE;
      this.pieces.push(Buffer.allocUnsafeSlow(this.piece));
      this.used = 0;
    }
    const piece = this.pieces.at(-1) as Buffer;
    const at = this.used;
    const length = piece.write(text, at + 4, 'utf8');
    piece.writeUInt32LE(length, at);
    this.used = at + 4 + length;
    return (this.pieces.length - 1) * ARENA_PIECE + at;
  }

  get(place: number): string {
    const piece = this.pieces[Math.floor(place / ARENA_PIECE)] as Buffer;
    const at = place % ARENA_PIECE;
    return piece.toString('utf8', at + 4, at + 4 + piece.readUInt32LE(at));
  }
}

/** An event as the fold takes it, with its interaction. */
export interface KeptEvent {
  readonly event: ProjectedEvent;
  readonly interaction: string;
}

/**
 * What a rebuild has to know of each event before it can put them in order: about 100 MB for a million, and as much of
 * what is clear as fits besides, so that most events are read once.
 */
export class EntryTable {
  private readonly positions = new Column();
  private readonly homes = new Column();
  private readonly times = new Column();
  private readonly sequences = new Column();
  private readonly types = new Column();
  private readonly flags = new Column();
  /** 104 bits of the interaction's id: 52 each. */
  private readonly high = new Column();
  private readonly low = new Column();
  private readonly places = new Column();
  private readonly arena: Arena;
  private ids: Buffer = Buffer.alloc(16 * 1024);
  private readonly typeNames: string[] = [];
  private readonly typeNumbers = new Map<string, number>();
  /** First halves of the ids of interactions that have more than one event. */
  private readonly several = new Set<number>();

  /** `keep`: bytes of what is clear, at most; default 128 MB. */
  constructor(keep = ARENA_LIMIT) {
    this.arena = new Arena(keep);
  }

  add(event: LoggedEvent, interaction: string): void {
    const index = this.positions.length;
    this.positions.push(event.position);
    this.homes.push(event.parties[event.home]?.key ?? NONE);
    this.times.push(event.at);
    this.sequences.push(event.clear.sequence ?? -Infinity);
    this.types.push(this.typeNumber(event.type));
    this.flags.push(STANDS);
    const high = Number.parseInt(interaction.slice(0, 13), 16);
    this.high.push(high);
    this.low.push(Number.parseInt(interaction.slice(13, 26), 16));
    if (event.revision > 0) this.several.add(high);
    this.places.push(this.arena.add(`${interaction}${JSON.stringify(event.clear)}`));
    if (this.ids.length < (index + 1) * 16) this.growIds();
    this.ids.write(event.id.replaceAll('-', ''), index * 16, 'hex');
  }

  private growIds(): void {
    const grown = Buffer.alloc(this.ids.length * 2);
    grown.set(this.ids);
    this.ids = grown;
  }

  private typeNumber(type: string): number {
    let number = this.typeNumbers.get(type);
    if (number === undefined) {
      number = this.typeNames.push(type) - 1;
      this.typeNumbers.set(type, number);
    }
    return number;
  }

  /** The events of each interaction that has more than one, by index. */
  *groups(): Iterable<number[]> {
    const groups = new Map<string, number[]>();
    for (let index = 0; index < this.positions.length; index++) {
      if (!this.several.has(this.high.at(index))) continue;
      const interaction = `${this.high.at(index)}/${this.low.at(index)}`;
      const group = groups.get(interaction);
      if (group === undefined) groups.set(interaction, [index]);
      else group.push(index);
    }
    yield* groups.values();
  }

  /** As much of the event as homes and versions depend on. */
  event(index: number): ProjectedEvent {
    const home = this.homes.at(index);
    const sequence = this.sequences.at(index);
    return {
      id: this.ids.toString('hex', index * 16, index * 16 + 16),
      type: this.typeNames[this.types.at(index)] as string,
      position: this.positions.at(index),
      at: this.times.at(index),
      parties: home === NONE ? [] : [{ key: home, kind: '', strength: 'claimed' }],
      home: home === NONE ? -1 : 0,
      clear: sequence === -Infinity ? { channel: '' } : { channel: '', sequence },
    };
  }

  isKept(index: number): boolean {
    return this.places.at(index) !== NONE;
  }

  /** The event as the fold takes it; undefined where it has to be read from the log. */
  kept(index: number): KeptEvent | undefined {
    const place = this.places.at(index);
    if (place === NONE) return undefined;
    const text = this.arena.get(place);
    return {
      event: {
        ...this.event(index),
        id: uuid(this.ids.toString('hex', index * 16, index * 16 + 16)),
        clear: JSON.parse(text.slice(INTERACTION_DIGITS)) as ClearData,
      },
      interaction: text.slice(0, INTERACTION_DIGITS),
    };
  }

  /** For an event whose interaction has several. */
  settle(index: number, home: number | undefined, stands: boolean): void {
    this.homes.set(index, home ?? NONE);
    this.flags.set(index, (stands ? STANDS : 0) | SEVERAL);
  }

  position(index: number): number {
    return this.positions.at(index);
  }

  home(index: number): number {
    return this.homes.at(index);
  }

  stands(index: number): boolean {
    return (this.flags.at(index) & STANDS) !== 0;
  }

  row(index: number, event: ProjectedEvent): TimelineRow {
    return {
      party: this.home(index),
      key: entryKeyOf(event.at, this.ids.subarray(index * 16, index * 16 + 16)),
      position: event.position,
      type: event.type,
      channel: event.clear.channel,
      stands: this.stands(index),
      several: (this.flags.at(index) & SEVERAL) !== 0,
    };
  }

  /** How many events stand under each party. */
  counts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const home of this.homes.all()) if (home !== NONE) counts.set(home, (counts.get(home) ?? 0) + 1);
    return counts;
  }

  /** The events that are on a timeline, by (home, time, event id). */
  order(): Uint32Array {
    const order = new Uint32Array(this.positions.length);
    let length = 0;
    for (let index = 0; index < this.positions.length; index++)
      if (this.homes.at(index) !== NONE) order[length++] = index;
    return order.subarray(0, length).sort((a, b) => {
      const byHome = this.homes.at(a) - this.homes.at(b);
      if (byHome !== 0) return byHome;
      const byTime = this.times.at(a) - this.times.at(b);
      if (byTime !== 0) return byTime;
      return this.ids.compare(this.ids, b * 16, b * 16 + 16, a * 16, a * 16 + 16);
    });
  }
}
