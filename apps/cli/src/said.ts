import { SingleBar } from 'cli-progress';

/** Tells a person in words, and a program in JSON, one object a line. */
export function say(words: string, data: object): void {
  if (process.stdout.isTTY) console.log(words);
  else process.stdout.write(`${JSON.stringify(data)}\n`);
}

/** How far something is: a bar on a terminal, a line a second elsewhere. */
export class Progress {
  private readonly bar = process.stdout.isTTY
    ? new SingleBar({ format: '{phase} {bar} {percentage}%', stream: process.stderr, clearOnComplete: true })
    : undefined;
  private toldAt = Date.now();
  private going = false;

  tell(phase: string, done: number, total: number): void {
    if (this.bar !== undefined) {
      if (!this.going) this.bar.start(Math.max(1, total), 0, { phase });
      this.going = true;
      this.bar.setTotal(Math.max(1, total));
      this.bar.update(done, { phase });
    } else if (Date.now() - this.toldAt >= 1000) {
      this.toldAt = Date.now();
      process.stdout.write(`${JSON.stringify({ progress: { phase, done, total } })}\n`);
    }
  }

  end(): void {
    if (this.going) this.bar?.stop();
  }
}
