/**
 * What a test needs of the machine. Where it is missing the test is skipped, and its name says why;
 * SNAPFS_TEST_REQUIRES_ALL=1, which scripts/test and CI set, makes that a failure instead.
 */
import { execaSync } from 'execa'
import { accessSync, constants } from 'node:fs'
import { test } from 'vitest'

const found = {
  rsync: works('rsync', ['--version']),
  fuse: device('/dev/fuse') && works('fusermount', ['-V']),
  root: process.getuid?.() === 0,
  /** The daemon, and what sets the clock for it alone. */
  cron: works('sh', ['-c', 'command -v cron']) && works('faketime', ['--version']),
  sshd: works('sh', ['-c', 'PATH=$PATH:/usr/sbin; command -v sshd && command -v ssh']),
  strace: works('strace', ['--version']),
  loop: device('/dev/loop-control') && works('mkfs.ext4', ['-V']),
  xfs: works('mkfs.xfs', ['-V']) && works('xfs_io', ['-V']),
} as const

export type Requirement = keyof typeof found

/** `test`, or a skipped one that says what is missing. */
export function testWith(...needs: readonly Requirement[]): typeof test {
  const missing = needs.filter((need) => !found[need])
  if (missing.length === 0) return test
  if (process.env['SNAPFS_TEST_REQUIRES_ALL'] === '1') {
    throw new Error(`this machine lacks ${missing.join(', ')}; run scripts/test, which installs it`)
  }
  const skip = (name: string): void => test.skip(`${name} (needs ${missing.join(', ')})`)
  return Object.assign(skip, { each: () => skip, for: () => skip }) as unknown as typeof test
}

function works(program: string, words: readonly string[]): boolean {
  return execaSync(program, words, { reject: false }).exitCode === 0
}

function device(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
