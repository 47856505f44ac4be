import { Script } from './driver.js';

/** What a script answers instead of doing anything. */
export const FENCED = 'fenced';
/** The part was written by a later batch already. */
export const OLDER = 'older';
/** The part is not as the last batch left it: keys were lost, or it is another's. */
export const LOST = 'lost';
export const DONE = 'done';

/**
 * A batch's changes of one part, all at once. KEYS: the part's own, then those that are changed. ARGV: the writer's
 * token; the edition that it writes; the one that the part has at least; whether it is the last piece of the batch; the
 * position up to where the batch goes; then operations, each a letter, the number of its key, and two arguments.
 *
 * A part that has a later edition is passed by, as is whoever holds a lesser token than the one who wrote last. A part may have
 * an edition that never went live: its writer was cut off, and writes all of it again.
 */
export const APPLY = new Script(`
local token, edition, expected = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'token', 'edition')
if not known[2] then return '${LOST}' end
if tonumber(known[1]) > token then return '${FENCED}' end
local now = tonumber(known[2])
if now > edition then return '${OLDER}' end
if now < expected then return '${LOST}' end
for i = 6, #ARGV, 4 do
  local what, key, a, b = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2], ARGV[i + 3]
  if what == 'S' then redis.call('SET', key, a)
  elseif what == 'D' then redis.call('DEL', key)
  elseif what == 'H' then redis.call('HSET', key, a, b)
  elseif what == 'h' then redis.call('HDEL', key, a)
  elseif what == 'Z' then
    -- Of an entry only flags change: whatever begins with its key is the same entry.
    redis.call('ZREMRANGEBYLEX', key, '[' .. a, '(' .. a .. string.rep('\\255', 16))
    if b ~= '' then redis.call('ZADD', key, 0, b) end
  elseif what == 'z' then redis.call('ZADD', key, 0, a)
  elseif what == 'x' then redis.call('ZREM', key, a)
  elseif what == 'A' then redis.call('SADD', key, a)
  elseif what == 'V' then
    -- A customer that has nobody left is no customer.
    if redis.call('HLEN', key) == redis.call('HEXISTS', key, 'v') then redis.call('DEL', key)
    else redis.call('HSET', key, 'v', a) end
  end
end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'reached', ARGV[5])
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'edition', ARGV[2]) end
return '${DONE}'`);

/**
 * KEYS: the part's own. ARGV: the token. From now on nobody with a lesser one changes what lies there. Answers up to which
 * position anything was written there, also of a batch that never went live.
 */
export const FENCE = new Script(`
local token = redis.call('HGET', KEYS[1], 'token')
if not token then return '${LOST}' end
if tonumber(token) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'token', ARGV[1]) end
return redis.call('HGET', KEYS[1], 'reached') or '0'`);

/**
 * KEYS: what is live. ARGV: the token, and what is live from now on; '' leaves that as it is, and keeps writers with a
 * lesser token from changing it.
 */
export const SWITCH = new Script(`
local token = redis.call('HGET', KEYS[1], 'token')
if token and tonumber(token) > tonumber(ARGV[1]) then return '${FENCED}' end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'live', ARGV[2]) end
return '${DONE}'`);

/**
 * Entries of one party, in order. KEYS: the part's own, the party, its timeline. ARGV: 'asc' or 'desc', the lesser and
 * the greater end as ZRANGE takes them, how many are wanted, how many are looked at; types and channels, two bytes each,
 * '' for all; '1' where superseded versions are left out; the edition that the part has at least. Answers the party's row ('' where it is not there), the last
 * that was looked at ('' where there is nothing behind it), then what was found.
 */
export const ENTRIES = new Script(`#!lua flags=no-writes
local edition = redis.call('HGET', KEYS[1], 'edition')
if not edition or tonumber(edition) < tonumber(ARGV[9]) then return { '${LOST}' } end
local order, low, high, wanted, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local types, channels, standing = ARGV[6], ARGV[7], ARGV[8] == '1'
local function among(all, two)
  if all == '' then return true end
  for i = 1, #all, 2 do if string.sub(all, i, i + 1) == two then return true end end
  return false
end
local answer = { redis.call('GET', KEYS[2]) or '', '' }
if types == '' and channels == '' and not standing then most = wanted end
local some
if order == 'asc' then some = redis.call('ZRANGE', KEYS[3], low, high, 'BYLEX', 'LIMIT', 0, most)
else some = redis.call('ZRANGE', KEYS[3], high, low, 'BYLEX', 'REV', 'LIMIT', 0, most) end
for _, member in ipairs(some) do
  if among(types, string.sub(member, 33, 34)) and among(channels, string.sub(member, 35, 36))
    and (not standing or string.byte(member, 37) % 2 == 1) then
    answer[#answer + 1] = member
    if #answer == wanted + 2 then return answer end
  end
end
if #some == most then answer[2] = some[#some] end
return answer`);
