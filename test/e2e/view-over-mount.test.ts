import { mkdir, mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { FEATURES } from '../../src/fuse/kernel/agreement.ts'
import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../suites/view-suite.ts'
import { mountSubject, type Subject } from '../suites/view-subject.ts'
import { writeRepository } from '../support/disk-history.ts'
import { testWith } from '../support/requirements.ts'
import { snapfs } from '../support/snapfs.ts'
import { removeAll, unmountBelow } from '../support/temporary-directory.ts'

/** The last is what an older kernel has. */
const DRIVERS = [
  { name: 'kernel', words: ['--driver=kernel'], spelling: 'as bytes' },
  { name: 'fuse-native', words: ['--driver=fuse-native'], spelling: 'as text' },
  {
    name: 'kernel, without what is new in it',
    words: ['--driver=kernel', ...FEATURES.map((feature) => `--without=${feature}`)],
    spelling: 'as bytes',
  },
] as const

describe.each(DRIVERS)('a mount by $name', ({ name, words, spelling }) => {
  let directory = ''
  let subject: Subject

  beforeAll(async () => {
    directory = await mkdtemp(`${await realpath(tmpdir())}/snapfs-test-`)
    const repository = await writeRepository(`${directory}/repository`, SUITE_HISTORY)
    await mkdir(`${directory}/history`)
    const command = ['mount', ...words, '--repository', repository, `${directory}/history`]
    const mounted = await snapfs(command, { env: { TZ: SUITE_ZONE, HOME: directory } })
    expect(mounted.stderr).toBe('')
    subject = mountSubject(`${directory}/history`, spelling)
  })

  afterAll(async () => {
    await snapfs(['unmount', `${directory}/history`])
    await unmountBelow(directory)
    await removeAll(directory)
  })

  describeViews(`the views through ${name}`, () => subject, testWith('fuse'))
})
