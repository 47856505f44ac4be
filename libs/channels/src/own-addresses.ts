/** The addresses, domains and telephone numbers that are ours, as given to `--own`. */
export class OwnAddresses {
  private readonly exact = new Set<string>();
  private readonly suffixes: string[] = [];
  private readonly numbers = new Set<string>();

  /**
   * Each entry is an address (`care@maison.example`), a domain (`maison.example`, also with `@` before it), a domain
   * with all below it (`*.maison.example`), or a telephone number with its country (`+44 20 7946 0000`).
   */
  constructor(entries: readonly string[] = []) {
    for (const entry of entries) {
      const text = entry.trim().toLowerCase();
      if (text === '') continue;
      if (/^\+[\d\s().-]+$/.test(text)) this.numbers.add(digits(text));
      else if (text.startsWith('*.')) this.suffixes.push(text.slice(1));
      else if (text.startsWith('@') || !text.includes('@')) this.exact.add(`@${text.replace(/^@/, '')}`);
      else this.exact.add(text);
    }
  }

  /** An e-mail address of ours? */
  hasAddress(address: string): boolean {
    const text = address.trim().toLowerCase();
    const at = text.lastIndexOf('@');
    if (at < 0) return false;
    const domain = text.slice(at + 1);
    if (this.exact.has(text) || this.exact.has(`@${domain}`)) return true;
    return this.suffixes.some((suffix) => `.${domain}`.endsWith(suffix));
  }

  /** A telephone number of ours? Compared by its digits. */
  hasNumber(number: string): boolean {
    return this.numbers.has(digits(number));
  }
}

const digits = (number: string): string => number.replace(/\D/g, '');
