import { describe } from 'vitest'
import { FEATURES } from '../../../../src/fuse/kernel/agreement.ts'
import { serveHistory } from '../../../support/kernel-server.ts'
import { MemoryCatalog } from '../../../support/memory-catalog.ts'
import { protocolSubject } from '../../../support/protocol-subject.ts'
import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../../../suites/view-suite.ts'

describe.each([
  { title: 'over the protocol', without: [] },
  { title: 'over the protocol of an old kernel', without: FEATURES },
])('', ({ title, without }) => {
  const { client } = serveHistory(new MemoryCatalog(SUITE_HISTORY), SUITE_ZONE, without)
  const subject = protocolSubject(client)
  describeViews(`the views ${title}`, () => subject)
})
