import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ThreadlineError } from './errors.js';
import { createLogger, NestLogger } from './logger.js';
import type { LogLevel } from './config.js';

function logTo(level: LogLevel): {
  log: ReturnType<typeof createLogger>;
  lines: () => Record<string, unknown>[];
} {
  const written: string[] = [];
  const log = createLogger({
    level,
    part: 'ingest',
    destination: { write: (line) => void written.push(line) },
  });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the log', () => {
  it('is one JSON object a line: level, time, part, fields, message', () => {
    const { log, lines } = logTo('info');
    log.debug('not told');
    log.info({ position: 7 }, 'projector started');
    const [line] = lines();
    assert.equal(lines().length, 1);
    assert.ok(!Number.isNaN(Date.parse(String(line?.['time']))));
    assert.deepEqual(
      { ...line, time: 0 },
      {
        level: 'info',
        time: 0,
        part: 'ingest',
        position: 7,
        msg: 'projector started',
      },
    );
  });

  it('tells of an error what it is and where, its causes too, but no input', () => {
    const { log, lines } = logTo('info');
    const personal = 'Ana Ruiz <ana@example.org>';
    const errorsOf = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return error;
      }
    };
    log.error({ err: errorsOf(() => JSON.parse(personal)) }, 'unreadable');
    log.error({ err: errorsOf(() => new URL(personal)) }, 'unreadable');
    const cause = errorsOf(() => JSON.parse(personal));
    log.error(
      { err: new ThreadlineError('a box is damaged', { code: 'damaged-box', retriable: false, cause }) },
      'x',
    );
    assert.equal(JSON.stringify(lines()).includes('Ana'), false);
    const err = lines()[2]?.['err'] as Record<string, unknown>;
    assert.equal(err['code'], 'damaged-box');
    assert.equal(err['message'], 'a box is damaged');
    assert.match(String(err['stack']), /logger\.spec/);
    assert.equal((err['cause'] as Record<string, unknown>)['type'], 'SyntaxError');
  });

  it('takes the words of Nest: its start is DEBUG, its errors are errors', () => {
    const { log, lines } = logTo('debug');
    const nest = new NestLogger(log);
    nest.log('Mapped {/v1/events, POST} route', 'RouterExplorer');
    nest.warn('odd');
    nest.error(new Error('broken'), 'ExceptionsHandler');
    nest.verbose('not told');
    assert.deepEqual(
      lines().map(({ level, context, msg }) => [level, context, msg]),
      [
        ['debug', 'RouterExplorer', 'Mapped {/v1/events, POST} route'],
        ['warn', undefined, 'odd'],
        ['error', 'ExceptionsHandler', 'nest'],
      ],
    );
    assert.equal((lines()[2]?.['err'] as Record<string, unknown>)['message'], 'broken');
  });
});
