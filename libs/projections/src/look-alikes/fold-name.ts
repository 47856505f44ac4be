/** Letters that no decomposition takes apart, as they are written without their mark. */
const WRITTEN_OUT: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
  ħ: 'h',
};
/** Accents, Arabic vowel signs, Hebrew points. The vowel signs of Indian scripts are no accents. */
const ACCENTS = /[\u0300-\u036f\u064b-\u0652\u0591-\u05c7]/gu;
const SPECIAL = /[ßæœøđðłþıħ]/gu;
const APOSTROPHES = /['’‘`´ʼ]/gu;
const BETWEEN = /[^\p{L}\p{M}\p{N}]+/gu;
const PLAIN = /^[a-z0-9 ]*$/;

/** A text as it is compared: without case, accents and width, its words with one space between them. */
export function foldText(text: string): string {
  if (PLAIN.test(text) && !text.includes('  ')) return text.trim();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(ACCENTS, '')
    .normalize('NFC')
    .replace(SPECIAL, (letter) => WRITTEN_OUT[letter] ?? letter)
    .replace(APOSTROPHES, '')
    .replace(BETWEEN, ' ')
    .trim();
}

/** Whole names that are written without spaces, the family's first. */
const UNSPACED_NAME = /^(?:\p{Script=Han}{2,4}|\p{Script=Hangul}{2,4})$/u;
/** The usual family names of two characters. */
const LONG_FAMILIES: ReadonlySet<string> = new Set(
  '欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 夏侯 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 司徒 端木 南宫 南宮 남궁 황보 제갈 선우'.split(
    ' ',
  ),
);
const TITLES: ReadonlySet<string> = new Set(
  'mr mrs ms miss mx dr prof sir herr frau mme mlle monsieur madame sr sra srta sig 先生 女士 小姐 太太'.split(
    ' ',
  ),
);
/** Words that begin a family name of several words. */
const PARTICLES: ReadonlySet<string> = new Set(
  'van von der den de del della di da dos das du la le al el bin ibn ben ter ten zu zur mac mc st san'.split(
    ' ',
  ),
);

/** A name in two parts, folded; either may be empty. */
export interface NameParts {
  readonly given: string;
  readonly family: string;
  /** Nobody said which part is which. */
  readonly isGuessed: boolean;
}

/** A whole name taken apart. Which part is which is a guess: who compares tries the other way round as well. */
export function splitName(name: string): NameParts {
  const comma = name.indexOf(',');
  if (comma > 0 && name.indexOf(',', comma + 1) < 0) {
    const [family, given] = [withoutTitles(name.slice(0, comma)), withoutTitles(name.slice(comma + 1))];
    if (family.length > 0 && given.length > 0) {
      return { given: given.join(' '), family: family.join(' '), isGuessed: false };
    }
  }
  const words = withoutTitles(name);
  const [only] = words;
  if (only === undefined) return { given: '', family: '', isGuessed: true };
  if (words.length === 1) {
    if (!UNSPACED_NAME.test(only)) return { given: only, family: '', isGuessed: true };
    const characters = [...only];
    const family = characters.length > 2 && LONG_FAMILIES.has(characters.slice(0, 2).join('')) ? 2 : 1;
    return {
      given: characters.slice(family).join(''),
      family: characters.slice(0, family).join(''),
      isGuessed: false,
    };
  }
  let at = words.length - 1;
  while (at > 1 && PARTICLES.has(words[at - 1] as string)) at--;
  return { given: words.slice(0, at).join(' '), family: words.slice(at).join(' '), isGuessed: true };
}

function withoutTitles(name: string): string[] {
  const words = foldText(name).split(' ').filter(Boolean);
  const kept = words.filter((word) => !TITLES.has(word));
  return kept.length > 0 ? kept : words;
}
