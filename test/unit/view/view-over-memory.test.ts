import { describeViews, SUITE_HISTORY, SUITE_ZONE } from '../../suites/view-suite.ts'
import { viewSubject } from '../../suites/view-subject.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { openView } from '../../support/open-view.ts'

const subject = viewSubject(openView([new MemoryCatalog(SUITE_HISTORY)], SUITE_ZONE))

describeViews('the views over a catalog in memory', () => subject)
