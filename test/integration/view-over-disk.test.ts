import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll } from 'vitest'
import { DiskCatalog } from '../../src/catalog/disk-catalog.ts'
import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../suites/view-suite.ts'
import { type Subject, viewSubject } from '../suites/view-subject.ts'
import { writeRepository } from '../support/disk-history.ts'
import { openView } from '../support/open-view.ts'
import { quickWays } from '../support/quick-ways.ts'
import { removeAll } from '../support/temporary-directory.ts'

let directory = ''
let [byNode, pastNode]: (Subject | undefined)[] = []

beforeAll(async () => {
  directory = await mkdtemp(`${await realpath(tmpdir())}/snapfs-test-`)
  const repository = await writeRepository(`${directory}/repository`, SUITE_HISTORY)
  const place = { repository, profile: 'home' }
  byNode = viewSubject(openView([new DiskCatalog(place)], SUITE_ZONE))
  const quick = await quickWays(repository)
  pastNode = viewSubject(openView([new DiskCatalog(place, quick)], SUITE_ZONE))
})

afterAll(() => removeAll(directory))

describeViews('the views over a catalog on disk', () => byNode!)
describeViews('the views over a catalog on disk that is looked at past Node', () => pastNode!)
