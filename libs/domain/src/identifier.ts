/** How sure a channel is that an identifier is the customer's own, on one occasion. */
export type Strength = 'verified' | 'claimed' | 'inferred' | 'shared' | 'device';

/** Strongest first. */
export const STRENGTHS: readonly Strength[] = ['verified', 'claimed', 'inferred', 'shared', 'device'];

/** By which a channel knows somebody. `kind` names the namespace, `value` is normalised. */
export interface Identifier {
  readonly kind: string;
  readonly value: string;
  readonly strength: Strength;
  readonly name?: string;
}

/** 0 for the strongest. */
export const rank = (strength: Strength): number => STRENGTHS.indexOf(strength);

/** Shared and device identifiers say where somebody was, not who it was: they never link. */
export const links = (strength: Strength): boolean => strength !== 'shared' && strength !== 'device';

/** The strength of an identifier that came without one, or that can have only one. */
export function defaultStrength(kind: string, given?: Strength): Strength {
  if (kind === 'device') return 'device';
  if (given !== undefined) return given;
  return kind === 'loyalty' || kind === 'user' ? 'verified' : 'claimed';
}

/** The index of the event's home among its identifiers: the strongest, at equal strength the first; -1 where there is none. */
export function homeIndex(identifiers: readonly { readonly strength: Strength }[]): number {
  let home = -1;
  let best = STRENGTHS.length;
  identifiers.forEach(({ strength }, index) => {
    if (rank(strength) < best) {
      best = rank(strength);
      home = index;
    }
  });
  return home;
}
