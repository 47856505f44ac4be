import type { ClearData, StoredEvent } from '@threadline/domain/stored-event';

/** An event as projections see it: what is clear, and where it lies. */
export interface ProjectedEvent {
  /** Our id of it. */
  readonly id: string;
  readonly type: string;
  readonly position: number;
  readonly at: number;
  readonly parties: StoredEvent['parties'];
  readonly home: number;
  readonly clear: ClearData;
}
