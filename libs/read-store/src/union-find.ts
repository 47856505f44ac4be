/** Disjoint sets of numbers, by weight and path halving. The label of a set is one of its members. */
export class UnionFind {
  private readonly parent = new Map<number, number>();
  private readonly weight = new Map<number, number>();

  /** A member that nothing was joined with is its own label. */
  find(member: number): number {
    let at = member;
    for (;;) {
      const up = this.parent.get(at);
      if (up === undefined || up === at) return at;
      const next = this.parent.get(up) ?? up;
      this.parent.set(at, next);
      at = next;
    }
  }

  join(a: number, b: number): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x === y) return;
    const [wx, wy] = [this.weight.get(x) ?? 1, this.weight.get(y) ?? 1];
    const [from, to] = wx <= wy ? [x, y] : [y, x];
    this.parent.set(from, to);
    this.weight.set(to, wx + wy);
  }
}
