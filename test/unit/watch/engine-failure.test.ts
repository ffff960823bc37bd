import { describe, expect, test } from 'vitest'
import { STRETCHES, type Stretch } from '../../../src/model/sign-of-life.ts'
import {
  endedError,
  killedError,
  type LastSeen,
  stalledError,
} from '../../../src/watch/engine-failure.ts'

function seen(stretch: Stretch, more: Partial<LastSeen> = {}): LastSeen {
  return { stretch, later: [], undying: [], ...more }
}

describe('what is told of a backup that cannot tell it itself', () => {
  test('names the stretch it was in, and the setting', () => {
    const { code, message, hint } = stalledError(1_800_000, seen('scan'))
    expect(code).toBe('RSYNC_FAILED')
    expect(message).toBe('Nothing moved for 30 minutes while the source was scanned.')
    expect(hint).toContain('"stall_timeout" in the configuration')
  })

  test.each(Object.keys(STRETCHES) as Stretch[])(
    'says of a run in the stretch "%s" only what is known of its snapshot',
    (stretch) => {
      const { hint } = killedError('SIGKILL', seen(stretch))
      const isUnknown = stretch === 'publish' || stretch === 'settle'
      expect(hint).toMatch(isUnknown ? /^"snapfs list" tells whether/u : /^Nothing was published;/u)
    },
  )

  test('tells which profiles were not begun, and which processes live on', () => {
    const more = { later: ['music', 'photos'], undying: [41, 42] }
    const { message, details } = stalledError(1000, seen('link', more))
    expect(details).toEqual(['not begun: music, photos'])
    expect(message).toMatch(/The processes 41, 42 could not be ended, not even by SIGKILL;/u)
    expect(message).toMatch(/the series stays locked until the disk answers\.$/u)
  })

  test('claims no lock for one that had none yet', () => {
    const { message } = stalledError(1000, seen('begin', { undying: [41] }))
    expect(message).toMatch(/Process 41 could not be ended, .*; a disk does not answer\.$/u)
  })

  test('has the code of the signal that asked for the end', () => {
    expect(endedError('SIGTERM', 'did not answer', seen('sync'))).toMatchObject({
      code: 'TERMINATED',
      message: `Ended by SIGTERM. It did not answer while ${STRETCHES.sync}.`,
    })
    expect(endedError('SIGINT', 'was not waited for', seen('sync'))).toMatchObject({
      code: 'INTERRUPTED',
      message: 'Ended by SIGINT.',
    })
  })
})
