/** Identity rules, as plain as the file that holds them. */
export interface NaiveRules {
  readonly name: string;
  readonly version: number;
  /** How many values of a kind one person has. */
  readonly limits: Readonly<Record<string, number>>;
  /** Values that link nobody: that one, or all that match the pattern; of a kind, or (`*`) of any. */
  readonly blocked: readonly { readonly kind: string; readonly value?: string; readonly pattern?: string }[];
  readonly fanOut: {
    /** With so many different values of a kind a value may be linked directly. */
    readonly most: Readonly<Record<string, number>>;
    /** Kinds whose values may be linked with any number. */
    readonly exempt: readonly string[];
  };
  /** A link whose lighter side has more parties waits for a person. */
  readonly firewall: { readonly parties: number };
}

export const NAIVE_DEFAULTS: NaiveRules = {
  name: 'default',
  version: 1,
  limits: { loyalty: 1, user: 1 },
  blocked: [
    { kind: 'email', pattern: '^test@' },
    { kind: 'email', pattern: '^noreply@' },
    { kind: 'email', pattern: '^no-reply@' },
    { kind: '*', pattern: '^0+$' },
    { kind: '*', pattern: '^(\\d)\\1{5,}$' },
  ],
  fanOut: { most: { loyalty: 5, user: 5, email: 5, phone: 5 }, exempt: ['loyalty', 'user'] },
  firewall: { parties: 1000 },
};

/** Whether these rules block an identifier. */
export function blocker({ blocked }: NaiveRules): (kind: string, value: string) => boolean {
  const list = blocked.map(({ kind, value, pattern }) => ({
    kind,
    value,
    pattern: pattern === undefined ? undefined : new RegExp(pattern, 'u'),
  }));
  return (kind, value) =>
    list.some((one) => ['*', kind].includes(one.kind) && (one.value === value || one.pattern?.test(value)));
}
