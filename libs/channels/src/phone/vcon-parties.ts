import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { OwnAddresses } from '../own-addresses.js';
import { isObject } from '../json-text.js';
import { given } from './vcon-check.js';

export interface VconParty {
  readonly phone?: string;
  readonly email?: string;
  readonly sip?: string;
  readonly name?: string;
  readonly id?: string;
  readonly side: 'ours' | 'customer' | undefined;
}

const OURS =
  /\b(?:agent|employee|staff|operator|representative|rep|advisor|supervisor|manager|bot|ai|ivr|system|assistant|thisparty)\b/;
const CUSTOMER =
  /\b(?:customer|contact|client|caller|consumer|patient|guest|user|visitor|lead|subscriber|buyer)\b/;

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value.toWellFormed().trim() : '';

/** A party of a vCon: ours by `--own` first, then by its role. */
export function vconParty(party: JsonObject, own: OwnAddresses): VconParty {
  const phone = text(party['tel']).replace(/^tel:/i, '').split(';')[0] ?? '';
  const email =
    text(party['mailto'])
      .replace(/^mailto:/i, '')
      .split('?')[0] ?? '';
  const sip = text(party['sip']).replace(/^sips?:/i, '');
  const name = text(party['name']);
  const meta = isObject(party['meta']) ? party['meta'] : {};
  const role = (text(party['role']) || text(meta['role'])).toLowerCase().replaceAll('_', ' ');
  const isOwn = own.hasAddress(email) || own.hasAddress(sip) || (phone !== '' && own.hasNumber(phone));
  const side = isOwn || OURS.test(role) ? 'ours' : CUSTOMER.test(role) ? 'customer' : undefined;
  const id = text(party['uuid']) || text(party['id']);
  return {
    ...(phone === '' ? {} : { phone }),
    ...(email === '' ? {} : { email }),
    ...(sip === '' ? {} : { sip }),
    // Telephone systems put the number where they know no name.
    ...(name === '' || name === phone || name === email ? {} : { name }),
    ...(id === '' ? {} : { id }),
    side,
  };
}

/** By what it is known, the number first; `[]` where only a name is given. */
export function identifiersOf({ phone, email, sip, name }: VconParty): JsonObject[] {
  const named = name === undefined ? {} : { name };
  const all: JsonObject[] = [];
  if (phone !== undefined) all.push({ kind: 'phone', value: phone, ...named });
  if (email !== undefined) all.push({ kind: 'email', value: email, ...named });
  if (sip !== undefined && all.length === 0) all.push({ kind: 'sip', value: sip, ...named });
  return all;
}

/**
 * The customer's index: who has a customer's role, else who is not ours. Where nothing tells, `caller` is the customer
 * of a call that came in, and the other of one that went out.
 */
export function customerOf(
  parties: readonly VconParty[],
  involved: readonly number[],
  caller: number | undefined,
  direction: 'inbound' | 'outbound' | undefined,
): number | undefined {
  const by = (side: VconParty['side']): number | undefined =>
    involved.find((index) => parties[index]?.side === side);
  const customer = by('customer');
  if (customer !== undefined) return customer;
  if (by('ours') !== undefined) return by(undefined);
  const other = involved.find((index) => index !== caller);
  return direction === 'outbound' ? other : (caller ?? involved[0]);
}

/** Our side's first: who answered, or who wrote. */
export function staffOf(parties: readonly VconParty[], involved: readonly number[]): JsonObject | undefined {
  const party = involved.map((index) => parties[index]).find((each) => each?.side === 'ours');
  const id = party?.id ?? party?.email ?? party?.phone;
  if (party === undefined || (id === undefined && party.name === undefined)) return undefined;
  return { ...(given(id) ? { id } : {}), ...(given(party.name) ? { name: party.name } : {}) };
}
