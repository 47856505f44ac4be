import { one } from './breakages.js';

const TOUCHED = 'libs/read-store/dist/redis/touched-rows.js';
const SCRIPTS = 'libs/read-store/dist/redis/scripts.js';
const PUBLISHER = 'libs/read-store/dist/redis/redis-publisher.js';
const SESSION = 'libs/read-store/dist/redis/session.js';

/** Read models in a Redis. */
export const REDIS_TWINS = [
  one('sameAnswers', 'parties with another label are not published', [
    TOUCHED,
    'OF customer, kind, strength, first, name, changed, shown_event, named',
    'OF strength, first, name',
  ]),
  one('sameAnswers', 'who left a customer is still told of it', [
    TOUCHED,
    'WHEN new.customer != old.customer',
    'WHEN 0',
  ]),
  one(
    'lateWrites',
    'a script does not look which batch came before',
    [SCRIPTS, 'if now > edition then', 'if false then'],
    [SCRIPTS, 'if now < expected then', 'if false then'],
  ),
  one('cutOff', 'a batch that is written again has the same edition', [
    PUBLISHER,
    '++this.attempted',
    'published.edition + 1',
  ]),
  one('noHalves', 'readers do not look which batch wrote what they read', [
    SESSION,
    'if (edition > this.moment.edition)',
    'if (false)',
  ]),
  one('lostKeys', 'a Redis that lost keys still answers', [
    SESSION,
    'edition === null || Number(textOf(edition)) < this.partEdition(part)',
    'false',
  ]),
] as const;
