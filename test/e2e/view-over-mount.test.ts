import { mkdir, mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect } from 'vitest'
import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../suites/view-suite.ts'
import { mountSubject, type Subject } from '../suites/view-subject.ts'
import { writeRepository } from '../support/disk-history.ts'
import { testWith } from '../support/requirements.ts'
import { snapfs } from '../support/snapfs.ts'
import { removeAll, unmountBelow } from '../support/temporary-directory.ts'

let directory = ''
let subject: Subject

beforeAll(async () => {
  directory = await mkdtemp(`${await realpath(tmpdir())}/snapfs-test-`)
  const repository = await writeRepository(`${directory}/repository`, SUITE_HISTORY)
  await mkdir(`${directory}/history`)
  const mounted = await snapfs(['mount', '--repository', repository, `${directory}/history`], {
    env: { TZ: SUITE_ZONE, HOME: directory },
  })
  expect(mounted.stderr).toBe('')
  subject = mountSubject(`${directory}/history`)
})

afterAll(async () => {
  await snapfs(['unmount', `${directory}/history`])
  await unmountBelow(directory)
  await removeAll(directory)
})

describeViews('the views through a mount of fuse-native', () => subject, testWith('fuse'))
