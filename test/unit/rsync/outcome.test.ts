import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { transferOutcome } from '../../../src/rsync/outcome.ts'

/** Lines as rsync 3.5.0 prints them with LC_ALL=C. */
const UNREADABLE =
  'rsync: [sender] send_files failed to open "/home/anna/x": Permission denied (13)'
const CLOSED = 'rsync: [sender] opendir "/home/anna/closed" failed: Permission denied (13)'
const VANISHED = 'file has vanished: "/home/anna/tmp"'
const VERDICT_23 =
  'rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338) [sender=3.5.0]'
const VERDICT_24 =
  'rsync warning: some files vanished before they could be transferred (code 24) at main.c(1338) [sender=3.5.0]'
const CHOWN = 'rsync: [generator] chown "/repo/x" failed: Operation not permitted (1)'
const XATTR =
  'rsync: [receiver] rsync_xal_set: lsetxattr("/repo/.x.Zz","user.k") failed: Operation not supported (95)'
const NO_INODES = 'rsync: [receiver] mkstemp "/repo/.x.Zz" failed: No space left on device (28)'
const QUOTA = 'rsync: [receiver] write failed on "/repo/x": Disk quota exceeded (122)'
const RECEIVER = 'rsync: [receiver] mkstemp "/repo/.x.Zz" failed: Input/output error (5)'
const SOURCE_GONE = 'rsync: [sender] change_dir "/home/anna" failed: No such file or directory (2)'
const MKNOD = 'rsync: [generator] mknod "/repo/tty" failed: Operation not permitted (1)'
const BASIS = '--link-dest arg does not exist: /repo/gone'

function outcomeOf(exitCode: number | undefined, ...messages: string[]) {
  return transferOutcome({ exitCode, signal: undefined, messages })
}

describe('the outcome of an rsync run', () => {
  test('is complete for 0, and for files that vanished', () => {
    expect(outcomeOf(0)).toMatchObject({ kind: 'usable', outcome: 'complete', problemCount: 0 })
    expect(outcomeOf(24, VANISHED, VERDICT_24)).toMatchObject({
      kind: 'usable',
      outcome: 'complete',
      problems: [{ kind: 'vanished' }],
    })
  })

  test('is partial, with the paths, when the sender could not read', () => {
    expect(outcomeOf(23, UNREADABLE, CLOSED, VANISHED, VERDICT_23)).toMatchObject({
      kind: 'usable',
      outcome: 'partial',
      problemCount: 3,
      problems: [
        { kind: 'unreadable', message: expect.stringContaining('/home/anna/x') as string },
        { kind: 'unreadable' },
        { kind: 'vanished' },
      ],
    })
  })

  test('is partial when only attributes or devices could not be made', () => {
    for (const line of [CHOWN, XATTR, MKNOD]) {
      expect(outcomeOf(23, line, VERDICT_23)).toMatchObject({ kind: 'usable', outcome: 'partial' })
    }
    expect(outcomeOf(23, CHOWN, VERDICT_23)).toMatchObject({ problems: [{ kind: 'attribute' }] })
  })

  test('is a failure when the repository could not be written, although 23 is said', () => {
    expect(outcomeOf(23, RECEIVER, VERDICT_23)).toMatchObject({
      kind: 'failed',
      code: 'RSYNC_FAILED',
    })
  })

  test('is a failure when the source itself is gone, although 23 is said', () => {
    expect(outcomeOf(23, SOURCE_GONE, VERDICT_23)).toMatchObject({ kind: 'failed' })
  })

  test('is a failure when nothing had moved, whatever its code', () => {
    const end = { exitCode: 20, signal: undefined, messages: [] }
    expect(transferOutcome({ ...end, stalledMs: 90_000 })).toMatchObject({
      kind: 'failed',
      code: 'RSYNC_FAILED',
      message: expect.stringMatching(/^Nothing moved for 1 minute 30 seconds: /u) as string,
      isUndying: false,
    })
    expect(transferOutcome({ ...end, exitCode: undefined, isUndying: true })).toMatchObject({
      code: 'RSYNC_FAILED',
      message: expect.stringMatching(/^rsync could not be ended, not even by SIGKILL/u) as string,
      isUndying: true,
    })
  })

  test('says that the destination is full, whatever the code', () => {
    expect(outcomeOf(11, NO_INODES)).toMatchObject({ kind: 'failed', code: 'DESTINATION_FULL' })
    expect(outcomeOf(23, NO_INODES, VERDICT_23)).toMatchObject({ code: 'DESTINATION_FULL' })
    expect(outcomeOf(11, QUOTA)).toMatchObject({
      code: 'DESTINATION_FULL',
      message: expect.stringContaining('quota') as string,
    })
  })

  test('warns of a basis that was not used, although the run is complete', () => {
    expect(outcomeOf(0, BASIS)).toMatchObject({
      kind: 'usable',
      outcome: 'complete',
      problemCount: 0,
      basisWarnings: [BASIS],
    })
  })

  test('is a failure for every other code, and for a signal', () => {
    for (let code = 1; code < 256; code += 1) {
      if (code === 23 || code === 24) continue
      expect(outcomeOf(code).kind).toBe('failed')
    }
    expect(transferOutcome({ exitCode: undefined, signal: 'SIGKILL', messages: [] })).toMatchObject(
      {
        kind: 'failed',
        message: expect.stringContaining('SIGKILL') as string,
      },
    )
  })

  test('tells a group of hard links that does not fit on its inode any more', () => {
    const link = 'rsync: [generator] link "/repo/b" => a failed: Too many links (31)'
    const closed = 'rsync: connection unexpectedly closed (0 bytes received so far) [sender]'
    expect(outcomeOf(12, link, closed)).toMatchObject({ kind: 'too-many-links' })
    expect(outcomeOf(23, link, VERDICT_23)).toMatchObject({ kind: 'too-many-links' })
  })

  test('does not take the name of a file for words of rsync', () => {
    const named = (name: string) =>
      `rsync: [sender] send_files failed to open "/home/${name}": Permission denied (13)`
    for (const name of [
      '[receiver]',
      'No space left on device',
      'Too many links',
      'x" failed: No space left on device (28) "',
      'chown',
      '--link-dest',
      'mknod" change_dir "',
    ]) {
      expect(outcomeOf(23, named(name), VERDICT_23)).toMatchObject({
        kind: 'usable',
        outcome: 'partial',
        problems: [{ kind: 'unreadable' }],
      })
    }
    const written = 'rsync: [receiver] mkstemp "/repo/chown.txt" failed: Input/output error (5)'
    expect(outcomeOf(23, written, VERDICT_23)).toMatchObject({ kind: 'failed' })
  })

  test('is partial when a device was left out, although 0 is said', () => {
    expect(outcomeOf(0, 'skipping non-regular file "tty"')).toMatchObject({ outcome: 'partial' })
  })

  test('is never complete when 23 was said and something was not copied', () => {
    const line = fc.constantFrom(UNREADABLE, CLOSED, CHOWN, XATTR, RECEIVER, SOURCE_GONE, NO_INODES)
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const outcome = outcomeOf(23, ...lines, VERDICT_23)
        expect(outcome).not.toMatchObject({ outcome: 'complete' })
      }),
    )
  })

  test('survives any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.option(fc.nat(255)), (messages, exitCode) => {
        expect(['usable', 'failed']).toContain(outcomeOf(exitCode ?? undefined, ...messages).kind)
      }),
    )
  })
})
