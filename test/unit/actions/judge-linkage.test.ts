import { describe, expect, test } from 'vitest'
import { judgeLinkage } from '../../../src/actions/judge-linkage.ts'
import { emptySummary } from '../../../src/rsync/transfer-summary.ts'

const NOTHING = { alike: 0, otherTime: 0, otherSize: 0, absent: 0 }

function judge(
  counts: Partial<Parameters<typeof judgeLinkage>[0]['counts']>,
  againstBasis: Partial<typeof NOTHING> = {},
  basisFiles: number | undefined = 1000,
): string[] {
  return judgeLinkage({
    counts: { ...emptySummary(), files: 1000, ...counts },
    againstBasis: { ...NOTHING, ...againstBasis },
    basisFiles,
  })
}

const NO_REASON = { mode: 0, owner: 0, group: 0, acl: 0, xattrs: 0 }

describe('a run that linked far less than it could', () => {
  test.each([
    ['owner', /1,000 of 1,000 files were copied and not linked: .* their owners differ/u],
    ['xattrs', /their extended attributes differ/u],
    ['acl', /their access control lists differ/u],
    ['group', /their groups differ/u],
    ['mode', /their permissions differ/u],
  ] as const)('says so and why: %s', (reason, says) => {
    const attributeReasons = { ...NO_REASON, [reason]: 1000 }
    expect(judge({ attributeOnlyFiles: 1000, attributeReasons })).toEqual([
      expect.stringMatching(says),
    ])
  })

  test('names the reason that most files have', () => {
    const attributeReasons = { ...NO_REASON, mode: 990, owner: 10 }
    expect(judge({ attributeOnlyFiles: 1000, attributeReasons })[0]).toMatch(/permissions/u)
  })

  test('says so when all that changed is the time, or nothing is where it was', () => {
    expect(judge({}, { otherTime: 600 })).toEqual([expect.stringMatching(/another time/u)])
    expect(judge({}, { absent: 600 })).toEqual([expect.stringMatching(/under these names/u)])
  })

  test('is not seen in a first snapshot, a small one, or an ordinary day', () => {
    expect(judge({}, { absent: 1000 }, 0)).toEqual([])
    expect(judge({ files: 2500 }, { absent: 1500 })).toEqual([])
    expect(judge({ files: 99 }, { absent: 99 })).toEqual([])
    expect(judge({ attributeOnlyFiles: 499 }, { otherTime: 499, absent: 499 })).toEqual([])
    expect(judge({}, { alike: 1000, otherSize: 1000 })).toEqual([])
  })
})
