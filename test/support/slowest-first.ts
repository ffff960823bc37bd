/** The order of test files: those that take longest come first, so that nothing is waited for alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Parts of paths, slowest first. */
const SLOWEST = [
  'e2e/torture.test',
  'e2e/remote-ssh',
  'e2e/hang',
  'e2e/bad-input-backup',
  'e2e/mount',
  'e2e/stall',
  'e2e/source-guards',
]

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = SLOWEST.findIndex((part) => moduleId.includes(part))
      return index === -1 ? SLOWEST.length : index
    }
    const sorted = await super.sort(files)
    return sorted.toSorted((left, right) => rank(left) - rank(right))
  }
}
