import { createHash } from 'node:crypto';
import { homeIndex } from '@threadline/domain/identifier';
import { eventId, partyId, type Hash } from '@threadline/domain/ids';
import { clearData, type StoredParty } from '@threadline/domain/stored-event';
import type { Card } from '@threadline/projections/card';
import { contribute, standings } from '@threadline/projections/contribution';
import type { ProjectedEvent } from '@threadline/projections/projected-event';
import { combineNamings, laterName, namings, type ExplainedNaming } from '@threadline/projections/naming';
import type { NaiveFact } from '@threadline/projections/naive-record';
import type { NaiveCustomer } from '@threadline/projections/naive';
import {
  compareParties,
  renderCard,
  type CardParty,
  type OpenedData,
} from '@threadline/projections/render-card';
import { combine, emptySummary, type Summary } from '@threadline/projections/summary';
import { factsOf } from './reference.js';
import type { Sent } from './generate.js';

/** Keyed by nothing: for what stays in memory. */
export const testHash: Hash = (...parts) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** The facts of what was sent, recorded in that order, one a second. */
export function recordedInOrder(sent: readonly Sent[]): NaiveFact[] {
  const places = new Map<string, { position: number; recordedAt: number }>();
  for (const { cloudEvent } of sent) {
    const event = eventId(testHash, cloudEvent.source, cloudEvent.id);
    if (!places.has(event))
      places.set(event, {
        position: places.size + 1,
        recordedAt: Date.UTC(2026, 10, 1) + places.size * 1000,
      });
  }
  return factsOf(sent, places, testHash).filter((record) => 'data' in record);
}

/** What the projections make of these events, fold by fold, without any store. Handles are made in order of appearance. */
export interface Folded {
  /** What each interaction gives to each party's summary, by party. */
  readonly contributions: ReadonlyMap<string, Summary[]>;
  card(customer: NaiveCustomer, now: number, order?: (summaries: Summary[]) => Summary[]): Card;
}

function projected(fact: NaiveFact, handles: Map<string, number>): ProjectedEvent {
  const parties = (fact.data.identifiers ?? []).map(({ party, kind, strength, name }): StoredParty => {
    const key = handles.get(party) ?? handles.size + 1;
    handles.set(party, key);
    return { key, kind, strength, ...(name?.trim() && { named: true as const }) };
  });
  return {
    id: fact.event,
    type: fact.type,
    position: fact.position,
    at: fact.at,
    parties,
    home: homeIndex(parties),
    clear: clearData(fact.type, fact.data, testHash),
  };
}

const clone = (summary: Summary): Summary => structuredClone(summary);

/** Combines left to right, leaving its arguments as they are. */
export const combined = (...summaries: Summary[]): Summary =>
  summaries.reduce((all, one) => combine(all, clone(one)), emptySummary());

export function fold(facts: readonly NaiveFact[]): Folded {
  const handles = new Map<string, number>();
  const interactions = new Map<string, ProjectedEvent[]>();
  const opened = new Map<number, OpenedData>();
  const named = new Map<number, ExplainedNaming>();
  for (const fact of facts) {
    const event = projected(fact, handles);
    interactions.set(fact.interaction, [...(interactions.get(fact.interaction) ?? []), event]);
    const names = (fact.data.identifiers ?? []).map(({ name }) => name);
    opened.set(fact.position, {
      source: fact.source,
      clear: event.clear,
      data: fact.data,
      names,
    });
    for (const [key, naming] of namings(event)) {
      const known = named.get(key);
      named.set(key, known === undefined ? naming : combineNamings(known, naming));
    }
  }

  const parties = new Map([...handles].map(([party, key]) => [key, party]));
  const contributions = new Map<string, Summary[]>();
  for (const [interaction, events] of interactions) {
    const given = new Map<string, Summary>();
    for (const standing of standings(events)) {
      const party = parties.get(standing.home ?? -1);
      if (party === undefined) continue;
      const summary = given.get(party) ?? emptySummary();
      contribute(summary, standing, interaction);
      given.set(party, summary);
    }
    for (const [party, summary] of given)
      contributions.set(party, [...(contributions.get(party) ?? []), summary]);
  }

  const cardParty = ({ id, kind, value }: NaiveCustomer['parties'][number]): CardParty => {
    const naming = named.get(handles.get(id) ?? -1);
    if (naming === undefined) throw new RangeError(`${id} was never named`);
    return { id, kind, value, naming };
  };
  return {
    contributions,
    card(customer, now, order = (summaries) => summaries) {
      const summary = combined(...order(customer.ids.flatMap((id) => contributions.get(id) ?? [])));
      const members = customer.parties.map(cardParty).sort(compareParties);
      const name = members.reduce<CardParty['naming']['name']>(
        (best, { naming }) => laterName(best, naming.name),
        null,
      );
      return renderCard({ summary, parties: members, total: members.length, name }, opened, now);
    },
  };
}

/** The id of a party in memory. */
export const testParty = (kind: string, value: string): string => partyId(testHash, kind, value);
