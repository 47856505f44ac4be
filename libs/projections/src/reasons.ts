import type { ClearData } from '@threadline/domain/stored-event';
import type { ProjectedEvent } from './projected-event.js';
import { addReason, addSuperseded, type Reasons } from './trail.js';

/** Adds what one event states; what a newer version of it has superseded stands no more, but is told. */
export function contributeReasons(into: Reasons, event: ProjectedEvent, stands: boolean): void {
  const { clear, at, id, position } = event;
  if (clear.facts !== undefined) {
    for (const [place, slot] of clear.facts.entries())
      addReason(into, `fact/${slot}`, [at, id, position, place]);
  }
  if (clear.promises !== undefined) {
    for (const [place, token] of clear.promises.entries())
      addReason(into, `promise/${token}`, [at, id, position, place]);
  }
  const add = stands ? addReason : addSuperseded;
  switch (event.type) {
    case 'survey.answered':
      if (clear.survey !== undefined) add(into, `survey/${clear.survey.metric}`, [at, id, position, 0]);
      return;
    case 'consent.given':
    case 'consent.withdrawn':
      if (clear.consent !== undefined)
        add(into, `consent/${consentKey(clear.consent)}`, [at, id, position, 0]);
      return;
    case 'profile.stated':
      for (const field of clear.profile ?? []) add(into, `profile/${field}`, [at, id, position, 0]);
      if (clear.named === true) add(into, 'name', [at, id, position, 0]);
      return;
    case 'purchase.completed':
    case 'purchase.returned':
      if (!stands) addSuperseded(into, 'purchase', [at, id, position, 0]);
      return;
    case 'social.post':
    case 'social.mention':
    case 'social.message':
      if (!stands) addSuperseded(into, 'word', [at, id, position, 0]);
      return;
    case 'visit.started':
      if (!stands) addSuperseded(into, 'visit', [at, id, position, 0]);
  }
}

/** Under what a consent stands on the card. */
export const consentKey = ({ purpose, channel }: NonNullable<ClearData['consent']>): string =>
  channel === undefined ? purpose : `${purpose}:${channel}`;
