import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { EventStore, LocalLog } from '@threadline/event-store/event-store';
import type { Scope } from '@threadline/platform/auth';
import type { KeyDirectory } from '@threadline/platform/key-directory';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import type { SuggestionReads } from '@threadline/read-store/search/suggestion-reads';
import type { Vault } from '@threadline/vault/vault';
import type { ReadProgress } from './read-progress.js';

/** The log as a reader has it. */
export type LogReader = Pick<EventStore, 'readAll' | 'readStream' | 'head'> & LocalLog;

export const CUSTOMER_READS = Symbol('CustomerReads');
export const SUGGESTION_READS = Symbol('SuggestionReads');
export const LOG_READER = Symbol('LogReader');
export const COUNTRY = Symbol('Country');
export const KEYS = Symbol('KeyService');
export const PROJECTOR = Symbol('ProjectorControl');
export const REBUILDS = Symbol('Rebuilds');

/** Hands a decision (one CloudEvent, structured) over to whoever writes events, and answers what became of it. */
export type DecisionIntake = (cloudEvent: Uint8Array) => Promise<EventsAnswer>;

/** A key as it is listed: never its secret. Times are RFC 3339. */
export interface ListedKey {
  id: string;
  label: string | null;
  scopes: readonly Scope[];
  createdAt: string;
  revokedAt: string | null;
}

/** Keys are events; answered once the event is durable and known here. */
export interface KeyService {
  create(key: {
    scopes: readonly Scope[];
    label?: string;
  }): Promise<{ id: string; key: string; position: string }>;
  list(): ListedKey[];
  /** The position of the event; `undefined` where there is no such key in force. */
  revoke(id: string): Promise<string | undefined>;
}

/** How many events came in, and whether the interaction stays parked, and why. */
export interface Redriven {
  readonly redriven: number;
  readonly parked: boolean;
  readonly reason?: string;
}

/** What can be asked of the projector. */
export interface ProjectorControl {
  /** Tries a parked interaction again; `undefined` where it is not parked. */
  redrive(interaction: string): Promise<Redriven | undefined>;
}

/** One line of a rebuild's progress. */
export interface RebuildProgress {
  /** `done` once the new models are live; `failed`, with a message, where they never will be. Each is the last. */
  readonly phase: string;
  readonly done?: number;
  readonly total?: number;
  readonly message?: string;
}

export interface Rebuilds {
  /** Builds new read models beside the live ones and switches to them; `undefined` where one is under way. */
  start(): AsyncIterable<RebuildProgress> | undefined;
}

/** Everything that the API is made of. */
export interface ApiParts {
  readonly reads: CustomerReads;
  readonly suggestions: SuggestionReads;
  readonly progress: ReadProgress;
  readonly log: LogReader;
  readonly vault: Pick<Vault, 'keys' | 'hash'>;
  /** Of phone numbers that come without one. */
  readonly country?: string | undefined;
  readonly directory: KeyDirectory;
  readonly keys: KeyService;
  readonly decide: DecisionIntake;
  readonly projector: ProjectorControl;
  readonly rebuilds: Rebuilds;
  /** Told of what failed and could not be answered any more. */
  readonly unforeseen: (error: unknown) => void;
}
