/** Begins the error of a script that finds another vault, or none. */
export const MISSING = 'VAULTMISSING';

/** KEYS[1] is the vault's own hash; ARGV[1] the id of the vault that the caller has opened. */
const SAME_VAULT = `
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return redis.error_reply('${MISSING} it is not the vault that was opened')
end`;

/** The first start: of several processes that begin a vault at once, one does. ARGV: field, value, … */
export const BEGIN = `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return 1
end
return 0`;

/**
 * Finds or makes keys. KEYS: the vault, then of each key its owner's entry and its own; ARGV: the vault's id, '1' where
 * replicas must have what is found as well, then of each key the handle and the record. Answers how many keys were
 * destroyed so far, then the handles, '' where that handle is taken.
 */
export const MAKE = `${SAME_VAULT}
local answers = { redis.call('HGET', KEYS[1], 'destroyed') }
for i = 2, #KEYS, 2 do
  local known = redis.call('GET', KEYS[i])
  if known then
    -- A wait covers what this connection wrote, and who made the key may not have waited for it yet.
    if ARGV[2] == '1' then redis.call('SET', KEYS[i], known) end
    answers[i / 2 + 1] = known
  elseif redis.call('EXISTS', KEYS[i + 1]) == 1 then
    answers[i / 2 + 1] = ''
  else
    redis.call('SET', KEYS[i], ARGV[i + 1])
    redis.call('SET', KEYS[i + 1], ARGV[i + 2])
    answers[i / 2 + 1] = ARGV[i + 1]
  end
end
return answers`;

/**
 * KEYS: the vault, the owner's entry, the key; ARGV: the vault's id, the handle. Allowed where the memory is full:
 * nobody's wish to be forgotten waits for that.
 */
export const DESTROY = `#!lua flags=allow-oom
${SAME_VAULT}
if redis.call('DEL', KEYS[3]) == 0 then return 0 end
if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
redis.call('HINCRBY', KEYS[1], 'destroyed', 1)
redis.call('HSET', KEYS[1], 'traces', '1')
return 1`;

/** The files were written anew since so many destructions. ARGV: the vault's id, the count. */
export const SCRUBBED = `#!lua flags=allow-oom
${SAME_VAULT}
if redis.call('HGET', KEYS[1], 'destroyed') == ARGV[2] then redis.call('HSET', KEYS[1], 'traces', '0') end
return 1`;

/** A second wrap of the vault's keys, beside the one in use. ARGV: the vault's id, root, naming. */
export const ADD_WRAP = `${SAME_VAULT}
redis.call('HSET', KEYS[1], 'root.next', ARGV[2], 'naming.next', ARGV[3])
return 1`;

/**
 * The second wrap, if it is still that one, takes the place of the first, of which traces are left in the files. What is
 * written anew is counted by destructions; nobody holds anything of the wrap. ARGV: the vault's id, root, naming.
 */
export const SWITCH_WRAP = `#!lua flags=allow-oom
${SAME_VAULT}
if redis.call('HGET', KEYS[1], 'root.next') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'root', ARGV[2], 'naming', ARGV[3], 'traces', '1')
redis.call('HDEL', KEYS[1], 'root.next', 'naming.next')
redis.call('HINCRBY', KEYS[1], 'destroyed', 1)
return 1`;
