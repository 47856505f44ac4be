import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';

const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url));

/** A process with these steps, which prints `ready`; the signals are sent one after each line that it prints. */
async function run(steps: string, signals: readonly NodeJS.Signals[], within = 10_000) {
  const script = `
    import { GracefulStop } from ${at('graceful-stop.js')};
    import { createLogger } from ${at('logger.js')};
    const stop = new GracefulStop({ log: createLogger({ level: 'warn' }), within: ${within} });
    const say = (text) => process.stdout.write(text + '\\n');
    ${steps}
    stop.listen();
    setInterval(() => {}, 1000);
    say('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const left = [...signals];
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const signal = left.shift();
    if (signal) child.kill(signal);
  }
  const [code] = await exited;
  return { code, lines: output.trim().split('\n') };
}

describe('a graceful stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`on ${signal} stops what was added last first, one after the other, and ends with 0`, async () => {
      const steps = `
        for (const name of ['store', 'projector', 'http']) {
          stop.add(name, async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            say(name);
          });
        }`;
      assert.deepEqual(await run(steps, [signal]), {
        code: 0,
        lines: ['ready', 'http', 'projector', 'store'],
      });
    });
  }

  it('goes on when a step fails, and ends with 1', async () => {
    const steps = `
      stop.add('store', () => say('store'));
      stop.add('http', () => { throw new Error('stuck'); });`;
    const { code, lines } = await run(steps, ['SIGTERM']);
    assert.equal(code, 1);
    assert.deepEqual([lines[0], lines.at(-1)], ['ready', 'store']);
    assert.match(lines[1] ?? '', /"step":"http".*could not be stopped/);
  });

  it('ends at once on the second signal', async () => {
    const steps = `stop.add('http', () => { say('http'); return new Promise(() => {}); });`;
    assert.deepEqual(await run(steps, ['SIGTERM', 'SIGINT']), { code: 130, lines: ['ready', 'http'] });
  });

  it('takes Ctrl-C, which a terminal and npm both send, for one', async () => {
    const steps = `stop.add('http', async () => {
      say('http');
      await new Promise((resolve) => setTimeout(resolve, 100));
      say('gone');
    });`;
    assert.deepEqual(await run(steps, ['SIGINT', 'SIGINT']), { code: 0, lines: ['ready', 'http', 'gone'] });
  });

  it('ends when the time is over', async () => {
    const steps = `stop.add('http', () => new Promise(() => {}));`;
    const { code, lines } = await run(steps, ['SIGTERM'], 50);
    assert.equal(code, 1);
    assert.match(lines[1] ?? '', /"step":"http".*did not stop in time/);
  });
});
