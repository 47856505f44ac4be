import type { Json } from '@threadline/domain/canonical-json';
import type { Overruled, OverruledBy, OverruledList, Reason, Source } from './explanation.js';
import type { PlacedRef } from './refs.js';
import { stamp, type OpenedData } from './render-card.js';
import { compareStatements, NAMED, type Trail } from './trail.js';

/** An event opened for who asks where a value came from. */
export interface ExplainedData extends OpenedData {
  /** Our id of it. */
  readonly event: string;
  readonly type: string;
  /** The adapter's id; null where the event is forgotten. */
  readonly id: string | null;
  /** Business time, milliseconds. */
  readonly at: number;
}

/** What an event said, at that place; undefined where that is forgotten. */
export type ValueOf = (event: ExplainedData, place: number) => Json | undefined;

/** One that was overruled, and by what. */
export interface Lost {
  readonly ref: PlacedRef;
  readonly rule: OverruledBy;
  readonly value: ValueOf;
}

/** References into the log as a reader is told of them. */
export class Sources {
  constructor(private readonly opened: ReadonlyMap<number, ExplainedData>) {}

  data(position: number): ExplainedData | undefined {
    return this.opened.get(position);
  }

  of([at, event, position]: readonly [number, string, number, ...unknown[]]): Source {
    return this.at(position) ?? { event, type: '', source: '', id: null, at: stamp(at), forgotten: true };
  }

  at(position: number | undefined): Source | null {
    const found = position === undefined ? undefined : this.opened.get(position);
    if (found === undefined) return null;
    const { event, type, source, id, at, data } = found;
    return {
      event,
      type,
      source,
      id,
      at: stamp(at),
      ...(data === undefined && { forgotten: true as const }),
    };
  }

  value(ref: PlacedRef, value: ValueOf): Json | undefined {
    const event = this.opened.get(ref[2]);
    return event && value(event, ref[3]);
  }

  /** What stands by a trail, and what that overruled. */
  reason(trail: Trail, value: ValueOf): Reason {
    const [stands, ...earlier] = trail.latest;
    if (stands === undefined) throw new RangeError('nothing stands that could be explained');
    const lost = earlier.map((ref): Lost => ({
      ref,
      value,
      rule: ref[1] === stands[1] ? 'same-event' : 'later',
    }));
    const all = [...lost, ...newerVersions(trail, value)].sort((a, b) => compareStatements(b.ref, a.ref));
    return { ...this.of(stands), ...this.list(all, trail.count - 1 + trail.superseded) };
  }

  superseded(trail: Trail, value: ValueOf): OverruledList {
    return this.list(newerVersions(trail, value), trail.superseded);
  }

  /** The first of them, and how many more of `total` there are. */
  list(lost: readonly Lost[], total: number): OverruledList {
    const overruled = lost.slice(0, NAMED).map((one) => this.overruled(one));
    return { overruled, more: total - overruled.length };
  }

  private overruled({ ref, rule, value }: Lost): Overruled {
    const said = this.value(ref, value);
    return {
      value: said ?? null,
      rule,
      ...this.of(ref),
      ...(said === undefined && { forgotten: true as const }),
    };
  }
}

export const newerVersions = ({ versions }: Trail, value: ValueOf): Lost[] =>
  versions.map((ref) => ({ ref, value, rule: 'newer-version' }));
