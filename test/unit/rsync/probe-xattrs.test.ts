import { describe, expect, test } from 'vitest'
import { keepsXattrs } from '../../../src/rsync/probe-xattrs.ts'

/** Lines as rsync 3.5.0 prints them with LC_ALL=C. */
const failedWith = (reason: string): string =>
  `rsync: [receiver] failed to write xattr user.rsync.%stat for "/repo/.probe-x/.to.Zz": ${reason}`
const VERDICT =
  'rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]'

function verdictOn(exitCode: number | undefined, ...messages: string[]): boolean {
  const signal = exitCode === undefined ? 'SIGKILL' : undefined
  return keepsXattrs({ exitCode, signal, messages })
}

describe('a file system that was asked to keep an extended attribute', () => {
  test('keeps them when it did', () => {
    expect(verdictOn(0)).toBe(true)
  })

  test.each([
    'Operation not supported (95)',
    'Function not implemented (38)',
    'Operation not permitted (1)',
  ])('keeps none when it said: %s', (reason) => {
    expect(verdictOn(23, failedWith(reason), VERDICT)).toBe(false)
  })

  test.each([
    ['No space left on device (28)', 'DESTINATION_FULL'],
    ['Disk quota exceeded (122)', 'DESTINATION_FULL'],
    ['Input/output error (5)', 'RSYNC_FAILED'],
    ['Interrupted system call (4)', 'RSYNC_FAILED'],
  ])('has not answered when it said: %s', (reason, code) => {
    expect(() => verdictOn(23, failedWith(reason), VERDICT)).toThrow(
      expect.objectContaining({ code }) as Error,
    )
  })

  test('has not answered when rsync was killed, or says nothing', () => {
    const failure = expect.objectContaining({ code: 'RSYNC_FAILED' }) as Error
    expect(() => verdictOn(undefined)).toThrow(failure)
    expect(() => verdictOn(23)).toThrow(failure)
  })
})
