import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { newKey } from './auth.js';
import {
  ConfigurationError,
  loadConfig,
  loadHubConfig,
  loadServiceConfig,
  parseMasterKey,
  type Environment,
} from './config.js';
import { exitCodeOf } from './errors.js';

const folder = mkdtempSync(join(tmpdir(), 'threadline-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The variables that are refused. */
function refused(env: Environment): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    assert.equal(exitCodeOf(error), 78);
    for (const { variable } of error.problems)
      assert.match(error.message, new RegExp(`^  ${variable} `, 'm'));
    return error.problems.map(({ variable }) => variable);
  }
  return [];
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

const masterKey = randomBytes(32).toString('base64');

describe('the configuration', () => {
  it('has a default for everything', () => {
    const config = loadConfig({});
    assert.equal(config.port, 8080);
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.folder, resolve('.threadline'));
    assert.equal(config.mode, 'embedded');
    assert.equal(config.url, 'http://127.0.0.1:8080');
    assert.equal(config.logLevel, 'info');
    assert.equal(config.serversRequired, false);
    assert.equal(config.stopGrace, 0);
    assert.deepEqual(
      [config.masterKey, config.masterKeyFile, config.bootstrapKey, config.country, config.eventStorePort],
      [undefined, undefined, undefined, undefined, undefined],
    );
  });

  it('lets a service of a cluster take requests for a while when it stops', () => {
    const env = { THREADLINE_MODE: 'cluster' };
    assert.equal(loadConfig(env).stopGrace, 5_000);
    assert.equal(loadConfig({ ...env, THREADLINE_STOP_GRACE: '0.25' }).stopGrace, 250);
    for (const THREADLINE_STOP_GRACE of ['-1', '5s', '301'])
      assert.deepEqual(refused({ THREADLINE_STOP_GRACE }), ['THREADLINE_STOP_GRACE']);
  });

  it('takes every variable of the contract', () => {
    const key = newKey();
    const rules = file('rules.json', '{ "name": "maison", "version": 1 }');
    const config = loadConfig({
      THREADLINE_PORT: '0',
      THREADLINE_HOST: '::1',
      THREADLINE_DATA: folder,
      THREADLINE_MODE: 'embedded',
      THREADLINE_MASTER_KEY: ` ${masterKey}\n`,
      THREADLINE_BOOTSTRAP_KEY: key,
      THREADLINE_COUNTRY: 'gb',
      THREADLINE_IDENTITY_RULES: rules,
      THREADLINE_EVENTSTORE_PORT: '2113',
      THREADLINE_SMTP_PORT: '2525',
      THREADLINE_KAFKA: 'a:9092, b:9093',
      THREADLINE_EVENTSTORE: 'esdb://any:key@127.0.0.1:2113?tls=true',
      THREADLINE_REDIS: 'redis://127.0.0.1:6379',
      THREADLINE_VAULT: 'rediss://127.0.0.1:6380/1',
      THREADLINE_URL: 'https://hub.example',
      THREADLINE_KEY: key,
      THREADLINE_LOG_LEVEL: 'debug',
      THREADLINE_INT: 'required',
    });
    assert.equal(config.port, 0);
    assert.equal(config.masterKey?.toString('base64'), masterKey);
    assert.equal(config.country, 'GB');
    assert.equal(config.identityRules?.file, rules);
    assert.equal(config.identityRules.rules.name, 'maison');
    assert.deepEqual(config.kafka, { brokers: ['a:9092', 'b:9093'] });
    assert.equal(config.serversRequired, true);
    assert.equal(config.bootstrapKey, key);
  });

  it('takes the event store as its clients do: one host, several, or a name to discover them by', () => {
    for (const given of [
      'esdb://any:key@127.0.0.1:2113?tls=true',
      'esdb://admin:secret@one:2113,two:2113,three:2113?tls=true',
      'kurrentdb+discover://cluster:2113',
    ]) {
      assert.equal(loadConfig({ THREADLINE_EVENTSTORE: given }).eventStore, given);
    }
    for (const given of [
      'esdb://',
      'esdb://one:2113,',
      'esdb://one:port,two:2113',
      'http://one:2113,two:2113',
    ]) {
      assert.throws(
        () => loadConfig({ THREADLINE_EVENTSTORE: given }),
        /THREADLINE_EVENTSTORE must be a URL/,
      );
    }
  });

  it('names every bad variable at once, and repeats no value', () => {
    const env: Environment = {
      THREADLINE_PORT: '65536',
      THREADLINE_HOST: 'no host',
      THREADLINE_MODE: 'single',
      THREADLINE_MASTER_KEY: 'c2hvcnQ=',
      THREADLINE_BOOTSTRAP_KEY: 'too-short',
      THREADLINE_COUNTRY: 'UK',
      THREADLINE_IDENTITY_RULES: join(folder, 'missing.json'),
      THREADLINE_EVENTSTORE_PORT: '1.5',
      THREADLINE_SMTP_PORT: '-1',
      THREADLINE_KAFKA: 'a:1,b',
      THREADLINE_EVENTSTORE: 'http://127.0.0.1',
      THREADLINE_REDIS: 'redis:',
      THREADLINE_VAULT: 'elsewhere',
      THREADLINE_URL: 'hub.example',
      THREADLINE_KEY: 'key with spaces in it, long enough',
      THREADLINE_LOG_LEVEL: 'loud',
      THREADLINE_INT: 'yes',
    };
    assert.deepEqual(refused(env).sort(), Object.keys(env).sort());
    assert.throws(
      () => loadConfig(env),
      (error: Error) => !error.message.includes('too-short') && !error.message.includes('c2hvcnQ='),
    );
  });

  it('counts an empty variable as absent', () => {
    assert.equal(
      loadConfig({ THREADLINE_PORT: '', THREADLINE_MASTER_KEY: '', THREADLINE_COUNTRY: '' }).port,
      8080,
    );
  });

  it('checks the file of the master key, and takes only one of the two', () => {
    const good = file('master.key', `${masterKey}\n`);
    assert.equal(loadConfig({ THREADLINE_MASTER_KEY_FILE: good }).masterKeyFile, good);
    assert.deepEqual(refused({ THREADLINE_MASTER_KEY_FILE: file('bad.key', 'letters') }), [
      'THREADLINE_MASTER_KEY_FILE',
    ]);
    assert.deepEqual(refused({ THREADLINE_MASTER_KEY_FILE: join(folder, 'none') }), [
      'THREADLINE_MASTER_KEY_FILE',
    ]);
    assert.deepEqual(refused({ THREADLINE_MASTER_KEY_FILE: good, THREADLINE_MASTER_KEY: masterKey }), [
      'THREADLINE_MASTER_KEY_FILE',
    ]);
  });

  it('names every mistake in the identity rules, with the file', () => {
    const problemsOf = (path: string): string[] => {
      const error = caught(() => loadConfig({ THREADLINE_IDENTITY_RULES: path }));
      assert.ok(error instanceof ConfigurationError);
      assert.ok(error.problems.every(({ variable }) => variable === 'THREADLINE_IDENTITY_RULES'));
      return error.problems.map(({ message }) => message);
    };
    const bad = file('bad-rules.json', '{ "name": "", "version": 1, "limits": { "loyalty": 0 } }');
    assert.deepEqual(problemsOf(bad), [
      `${bad}: /name expected a name of 1 to 64 letters, digits, dots, dashes`,
      `${bad}: /limits/loyalty expected a whole number from 1`,
    ]);
    const broken = file('broken-rules.json', '{\n  "name": "maison",\n  "version": }\n');
    assert.deepEqual(problemsOf(broken), [`${broken}: line 3, column 14: expected a value, but "}" came`]);
    const missing = join(folder, 'no-rules.json');
    assert.match(problemsOf(missing)[0] ?? '', new RegExp(`^${missing} cannot be read: ENOENT`));
    assert.match(problemsOf(folder)[0] ?? '', /cannot be read: EISDIR/);
  });

  it('starts no hub in cluster mode, and no service of its own in another', () => {
    assert.throws(
      () => loadHubConfig({ THREADLINE_MODE: 'cluster' }),
      /THREADLINE_MODE cluster has a process/,
    );
    assert.equal(loadConfig({ THREADLINE_MODE: 'cluster' }).mode, 'cluster');
    assert.throws(
      () => loadServiceConfig(['kafka', 'eventStore'], { THREADLINE_KAFKA: 'nowhere' }),
      (error: ConfigurationError) => {
        assert.deepEqual(error.problems.map(({ variable }) => variable).sort(), [
          'THREADLINE_EVENTSTORE',
          'THREADLINE_KAFKA',
          'THREADLINE_MASTER_KEY',
          'THREADLINE_MODE',
        ]);
        return true;
      },
    );
    const { kafka } = loadServiceConfig(['kafka'], {
      THREADLINE_MODE: 'cluster',
      THREADLINE_KAFKA: 'one:9092, two:9092',
      THREADLINE_MASTER_KEY: masterKey,
    });
    assert.deepEqual(kafka, { brokers: ['one:9092', 'two:9092'] });
  });

  it('shows no secret when it is logged', () => {
    const key = newKey();
    const config = loadConfig({
      THREADLINE_MASTER_KEY: masterKey,
      THREADLINE_BOOTSTRAP_KEY: key,
      THREADLINE_KEY: key,
      THREADLINE_REDIS: 'redis://:password@127.0.0.1:6379',
      THREADLINE_IDENTITY_RULES: file(
        'blocking.json',
        '{ "name": "b", "version": 1, "blocked": [{ "kind": "email", "value": "ana@example.org" }] }',
      ),
    });
    for (const text of [JSON.stringify(config), inspect(config)]) {
      assert.equal(text.includes('ana@example.org'), false);
      assert.equal(/password/.test(text) || text.includes(key) || text.includes(masterKey), false);
      assert.equal(text.includes('(set)'), true);
    }
  });
});

describe('the text of a master key', () => {
  it('is the base64 of exactly 32 bytes, written as everybody writes it', () => {
    const bytes = randomBytes(32);
    const text = bytes.toString('base64');
    assert.deepEqual(parseMasterKey(text), bytes);
    assert.deepEqual(parseMasterKey(text.slice(0, -1)), bytes, 'without padding');
    const stray = `${'A'.repeat(42)}B=`;
    for (const bad of [
      '',
      'A',
      text.slice(1),
      `A${text}`,
      `!${text.slice(1)}`,
      stray,
      randomBytes(33).toString('base64'),
    ]) {
      assert.equal(parseMasterKey(bad), undefined, bad);
    }
  });
});
