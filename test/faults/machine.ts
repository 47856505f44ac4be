import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps what only root uses, even when it is not in the PATH. */
const SYSTEM = ['/usr/sbin', '/sbin'];

/** The path of a program, or undefined. */
export function program(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What keeps us from killing at a system call; undefined: nothing. */
export function missingForSyscallKills(): string | undefined {
  if (process.platform !== 'linux') return 'kills at a system call need Linux';
  const strace = program('strace');
  if (strace === undefined) return 'kills at a system call need strace';
  // A container may have it and forbid it.
  const tried = spawnSync(strace, [
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'inject=exit_group:signal=SIGKILL',
    'true',
  ]);
  return tried.signal === 'SIGKILL' ? undefined : 'strace is here, but may not trace';
}

let disks: string | undefined | false = false;

/** What keeps us from having file systems of our own (power cuts, full disks); undefined: nothing. */
export function missingForDisks(): string | undefined {
  if (disks === false) disks = findMissingForDisks();
  return disks;
}

function findMissingForDisks(): string | undefined {
  if (process.platform !== 'linux') return 'file systems in a file need Linux';
  if (process.getuid?.() !== 0) return 'file systems in a file need root';
  const absent = ['mkfs.ext4', 'mount', 'umount', 'losetup', 'perl'].filter(
    (name) => program(name) === undefined,
  );
  if (absent.length > 0) return `file systems in a file need ${absent.join(', ')}`;
  const { status } = spawnSync(program('losetup') ?? '', ['--find']);
  return status === 0 ? undefined : 'this machine has no loop devices';
}
