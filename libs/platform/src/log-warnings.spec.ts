import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url));

const run = (level: string, script: string): { lines: Record<string, unknown>[]; errors: string } => {
  const text = `
    import { createLogger } from ${at('logger.js')};
    import { logWarnings } from ${at('log-warnings.js')};
    logWarnings(createLogger({ level: '${level}' }));
    ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter(Boolean);
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), errors: stderr };
};

describe("Node's warnings", () => {
  it('are lines of the log', () => {
    const { lines, errors } = run('info', `process.emitWarning('too many', { code: 'OURS01' });`);
    assert.equal(errors, '');
    assert.equal(lines.length, 1);
    assert.deepEqual([lines[0]?.['level'], lines[0]?.['msg']], ['warn', 'Node warns']);
    const { message, code } = lines[0]?.['err'] as { message: string; code: string };
    assert.deepEqual([message, code], ['too many', 'OURS01']);
  });

  it('are told at debug only where a library is known for them', () => {
    const past = 'setTimeout(() => undefined, -5);';
    assert.deepEqual(run('info', past), { lines: [], errors: '' });
    const [line] = run('debug', past).lines;
    assert.equal((line?.['err'] as { type: string }).type, 'TimeoutNegativeWarning');
  });
});
