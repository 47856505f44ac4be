import { compareLinks } from '@threadline/domain/identity/identity-links';
import type { LinkRow } from './identity-rows.js';

/** One of a pair that is better, not younger and was not known later: the other never counts, at no pair of clocks. */
export const outdoes = (one: LinkRow, other: LinkRow): boolean =>
  compareLinks(one, other) <= 0 && one.at <= other.at && one.position <= other.position;

/** The links of a log in memory: of each pair those that might count at some pair of clocks. */
export class LinkTable {
  /** Nearly every pair has one. */
  private readonly pairs = new Map<string, LinkRow | LinkRow[]>();

  add(link: LinkRow): void {
    const pair = `${link.a}/${link.b}`;
    const known = this.pairs.get(pair);
    if (known === undefined) this.pairs.set(pair, link);
    else if (Array.isArray(known)) {
      if (!known.some((other) => outdoes(other, link))) known.push(link);
    } else if (!outdoes(known, link)) this.pairs.set(pair, [known, link]);
  }

  links(): LinkRow[] {
    return [...this.pairs.values()].flat();
  }

  clear(): void {
    this.pairs.clear();
  }

  /** Of each pair all, the one that counts first; pairs in the order of their keys. */
  inOrder(): LinkRow[][] {
    const all = [...this.pairs.values()].map((links) =>
      Array.isArray(links) ? links.sort(compareLinks) : [links],
    );
    return all.sort(([x], [y]) => (x as LinkRow).a - (y as LinkRow).a || (x as LinkRow).b - (y as LinkRow).b);
  }
}
