import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killUnder } from './hub-process.js';
import { program } from './machine.js';

function run(name: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program(name) ?? name, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from now on nothing reaches the disk, not even the journal. */
const CUT = `open(my $f, '<', $ARGV[0]) or die "open: $!";
my $flag = pack('L', 2); ioctl($f, 0x8004587d, $flag) or die "ioctl: $!";`;

const attached = new Set<LoopDisk>();

// A test run that is ended leaves no mount behind.
process.once('exit', () => {
  for (const disk of attached) disk.abandon();
});

/**
 * An ext4 file system in a file, which can lose its power: what was not synced by then is gone, as it is when the
 * plug is pulled. Needs root and loop devices, see `missingForDisks`.
 */
export class LoopDisk {
  readonly #folder: string;
  readonly #image: string;
  /** Where it is mounted. */
  readonly mount: string;

  constructor(megabytes: number) {
    this.#folder = mkdtempSync(join(tmpdir(), 'threadline-disk-'));
    this.#image = join(this.#folder, 'image');
    this.mount = join(this.#folder, 'mount');
    writeFileSync(this.#image, '');
    truncateSync(this.#image, megabytes * 1024 * 1024);
    run('mkfs.ext4', '-q', '-F', '-m', '0', this.#image);
    mkdirSync(this.mount);
    this.#attach();
    attached.add(this);
  }

  #attach(): void {
    run('mount', '-o', 'loop', this.#image, this.mount);
  }

  cutPower(): void {
    run('perl', '-e', CUT, this.mount);
  }

  /** After a cut, once nobody uses it any more: mounted again, as after a boot. */
  restart(): void {
    run('umount', this.mount);
    this.#attach();
  }

  /** Takes it away, with whatever hub still runs on it. */
  async remove(): Promise<void> {
    await killUnder(this.mount);
    run('umount', this.mount);
    attached.delete(this);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The same without waiting for anybody: it is gone when the last process that uses it is. */
  abandon(): void {
    spawnSync(program('umount') ?? 'umount', ['-l', this.mount]);
    rmSync(this.#image, { force: true });
  }
}
