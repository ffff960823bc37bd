import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll } from 'vitest'
import { DiskCatalog } from '../../src/catalog/disk-catalog.ts'
import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../suites/view-suite.ts'
import { type Subject, viewSubject } from '../suites/view-subject.ts'
import { writeRepository } from '../support/disk-history.ts'
import { openView } from '../support/open-view.ts'
import { removeAll } from '../support/temporary-directory.ts'

let directory = ''
let subject: Subject

beforeAll(async () => {
  directory = await mkdtemp(`${await realpath(tmpdir())}/snapfs-test-`)
  const repository = await writeRepository(`${directory}/repository`, SUITE_HISTORY)
  subject = viewSubject(openView([new DiskCatalog({ repository, profile: 'home' })], SUITE_ZONE))
})

afterAll(() => removeAll(directory))

describeViews('the views over a catalog on disk', () => subject)
