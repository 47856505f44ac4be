import type { PersonRecord } from '@threadline/projections/look-alikes/record';
import type { LabelledSet } from './labelled-file.js';
import { Seeded, slip } from './seeded.js';

interface Language {
  readonly given: readonly string[];
  readonly family: readonly string[];
  readonly streets: readonly string[];
  readonly towns: readonly string[];
  /** The whole name as it is written. */
  readonly full: (given: string, family: string) => string;
}

const words = (text: string): string[] => text.trim().split(/\s+/);
const western = (given: string, family: string): string => `${given} ${family}`;

const LANGUAGES: Readonly<Record<string, Language>> = {
  German: {
    given:
      words(`Anna Maria Thomas Michael Andreas Sabine Stefan Petra Christian Monika Peter Claudia Klaus Birgit Jürgen Ursula
      Wolfgang Jörg Käthe Björn Günther Lukas Leonie Jonas Emma Felix Mia Paul Hannah Max Lena Finn Sophie Elias Marie`),
    family:
      words(`Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
      Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Lehmann Köhler Maier Huber
      Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Vogel Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann`),
    streets:
      words(`Hauptstraße Bahnhofstraße Gartenstraße Schulstraße Dorfstraße Lindenweg Bergstraße Goethestraße Schillerstraße
      Mühlweg Kirchgasse Ringstraße Amselweg Rosenweg Waldstraße Wiesenweg Birkenallee`),
    towns: words(
      'Berlin Hamburg München Köln Frankfurt Stuttgart Düsseldorf Leipzig Dortmund Essen Bremen Dresden Hannover Nürnberg',
    ),
    full: western,
  },
  Spanish: {
    given:
      words(`María José Antonio Carmen Manuel Ana Francisco Isabel David Laura Juan Cristina Javier Marta Daniel Lucía Carlos Elena
      Miguel Paula Rafael Sara Pedro Raquel Ángel Pilar Alejandro Teresa Fernando Rosa Luis Beatriz`),
    family:
      words(`García González Rodríguez Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno Muñoz
      Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco Molina Morales Suárez
      Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido Cortés Castillo Santos`),
    streets: words(
      'Mayor Real Nueva Sol Iglesia Constitución Goya Cervantes Alcalá Colón Prado Fuente Molino Huertas Olivo',
    ),
    towns: words(
      'Madrid Barcelona Valencia Sevilla Zaragoza Málaga Murcia Palma Bilbao Alicante Córdoba Valladolid Vigo Gijón',
    ),
    full: western,
  },
  Chinese: {
    given:
      words(`伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 子涵 梓轩 浩然 宇航 欣怡 诗涵 雨桐 思远 嘉怡
      俊杰 晓明 建国 志强 文静 海燕 玉兰 雪梅 国强 丽华 建华 小红 婷婷 雅琴 晨曦 一鸣 可馨 语嫣 博文 天佑`),
    family:
      words(`王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕
      苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 欧阳 司马`),
    streets: words(
      '人民路 解放路 中山路 建设路 和平路 新华路 文化路 青年路 胜利路 光明路 长江路 黄河路 南京路 北京路',
    ),
    towns: words('北京市 上海市 广州市 深圳市 成都市 杭州市 武汉市 西安市 南京市 重庆市 天津市 苏州市'),
    full: (given, family) => `${family}${given}`,
  },
  Russian: {
    given:
      words(`Александр Елена Сергей Ольга Дмитрий Наталья Андрей Анна Алексей Татьяна Максим Мария Евгений Ирина Иван Светлана Михаил
      Юлия Никита Екатерина Артём Дарья Игорь Полина Павел Ксения Роман Алина`),
    family:
      words(`Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров
      Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов
      Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв`),
    streets: words(
      'Центральная Молодёжная Школьная Лесная Садовая Советская Новая Набережная Заречная Зелёная Мира Ленина Полевая',
    ),
    towns: words(
      'Москва Новосибирск Екатеринбург Казань Самара Омск Челябинск Ростов Уфа Красноярск Пермь Воронеж',
    ),
    full: western,
  },
  Vietnamese: {
    given:
      words(`Anh Minh Linh Hương Lan Hùng Dũng Tuấn Nam Hải Long Phương Thảo Trang Hà Mai Ngọc Thanh Bình Quang Đức Việt Hoa Nga Thủy
      Hạnh Khánh Tâm Sơn Phúc Duy Hiếu`),
    family: words('Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh'),
    streets: words(
      'Lê-Lợi Nguyễn-Huệ Trần-Phú Hai-Bà-Trưng Lý-Thường-Kiệt Quang-Trung Hùng-Vương Lê-Duẩn Điện-Biên-Phủ',
    ),
    towns: words('Hà-Nội Huế Đà-Nẵng Cần-Thơ Hải-Phòng Nha-Trang Đà-Lạt Biên-Hòa'),
    full: (given, family) => `${family} ${given}`,
  },
  English: {
    given:
      words(`Oliver George Harry Noah Jack Leo Arthur Muhammad Oscar Charlie Olivia Amelia Isla Ava Emily Sophia Grace Mia Poppy Ella
      Robert John Mary Patricia Jennifer William Elizabeth David Susan Richard Jessica Joseph Sarah Thomas Karen Christopher`),
    family:
      words(`Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood
      Jackson Clarke Patel Khan Lewis James Phillips Mason Mitchell Rose Davis Rodgers Okafor Featherstone Pemberton Ashworth`),
    streets: words(
      'High Station Church Victoria Park Green Manor King Queen Mill Grange Chester Albert Highfield York North',
    ),
    towns: words(
      'London Leeds Bristol Sheffield Manchester Liverpool York Bath Exeter Oxford Cambridge Norwich Derby',
    ),
    full: western,
  },
};

interface Person {
  readonly given: string;
  readonly family: string;
  readonly birthday: string;
  readonly address: string;
  readonly email: string;
  readonly phone: string;
}

const two = (value: number): string => String(value).padStart(2, '0');
const day = (random: Seeded, from: number, to: number): string =>
  `${from + random.below(to - from)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;

const WORDS =
  words(`sun moon river stone cloud tiger panda coffee violin garden pixel rocket cherry maple winter happy lucky silver
  golden little magic ocean forest falcon otter turbo ninja cookie banana domino`);
const PROVIDERS = ['mail.example', 'post.example', 'inbox.example', 'web.example', 'net.example'];
const plain = (name: string): string =>
  name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}]/gu, '');

/** A mail address as people choose them: of their name, with a number where that was taken, or of words. */
function addressOf(given: string, family: string, random: Seeded): string {
  const [first, last] = [plain(given), plain(family)];
  const local = random.pick([
    `${first}.${last}`,
    `${first}${last}${random.below(100)}`,
    `${first.slice(0, 1)}${last}${1940 + random.below(70)}`,
    `${random.pick(WORDS)}${random.pick(WORDS)}${random.below(1_000)}`,
    `${random.pick(WORDS)}.${first}${random.below(100)}`,
  ]);
  return `${local}@${random.pick(PROVIDERS)}`;
}

/** One to five people under one roof: parents, children, now and then twins, now and then a son named after his father. */
function household(random: Seeded, language: Language): Person[] {
  const family = random.pickCommon(language.family);
  const address = `${1 + random.below(120)} ${random.pick(language.streets)}, ${10_000 + random.below(80_000)} ${random.pickCommon(language.towns)}`;
  const phone = `+49${1_000_000_000 + random.below(900_000_000)}`;
  const people: Person[] = [];
  const adults = 1 + random.below(2);
  const children = random.happens(0.4) ? 1 + random.below(3) : 0;
  let twin: string | undefined;
  for (let at = 0; at < adults + children; at++) {
    const isChild = at >= adults;
    const named = isChild && random.happens(0.05) ? people[0]?.given : undefined;
    let given = named ?? random.pickCommon(language.given);
    while (named === undefined && people.some((other) => other.given === given))
      given = random.pick(language.given);
    const birthday = twin ?? (isChild ? day(random, 1995, 2018) : day(random, 1945, 1990));
    twin = isChild && twin === undefined && random.happens(0.15) ? birthday : undefined;
    const own = `+49${1_000_000_000 + random.below(900_000_000)}`;
    people.push({
      given,
      family: isChild || random.happens(0.8) ? family : random.pickCommon(language.family),
      birthday,
      address,
      phone: random.happens(0.3) ? phone : own,
      email: random.happens(0.1)
        ? `${random.pick(WORDS)}${random.pick(WORDS)}@home.example`
        : addressOf(given, family, random),
    });
  }
  return people;
}

/** A person as one more channel gets to know them. */
function seen(person: Person, id: string, language: Language, random: Seeded): PersonRecord {
  const typed = (text: string, chance: number): string =>
    random.happens(chance) ? slip(text, random) : text;
  const given = typed(person.given, 0.08);
  const family = typed(person.family, 0.08);
  const maybe = (value: string, chance: number): string[] => (random.happens(chance) ? [value] : []);
  const name = random.happens(0.5)
    ? language.full(given, family)
    : random.happens(0.05)
      ? { given: family, family: given }
      : { given, family };
  const record: PersonRecord = {
    id,
    names: random.happens(0.93) ? [name] : [],
    birthdays: maybe(typed(person.birthday, 0.08), 0.7),
    addresses: maybe(typed(person.address, 0.2), 0.7),
    emails: maybe(typed(person.email, 0.04), 0.45),
    phones: maybe(person.phone, 0.45),
  };
  return record;
}

/** People in households, each seen by one to four channels, with slips and gaps; no two runs differ. */
export function synthetic(people: number, seed = 1): LabelledSet[] {
  return Object.entries(LANGUAGES).map(([name, language]) => {
    const random = new Seeded(seed);
    const records: PersonRecord[] = [];
    const truth = new Map<string, string>();
    let count = 0;
    while (count < people) {
      for (const person of household(random, language)) {
        const times = 1 + Math.floor(4 * random.next() ** 2);
        for (let time = 0; time < times; time++) {
          const id = `r${records.length}`;
          records.push(seen(person, id, language, random));
          truth.set(id, String(count));
        }
        count++;
      }
    }
    return { name: `synthetic, ${name}`, records, truth, columns: {} };
  });
}
