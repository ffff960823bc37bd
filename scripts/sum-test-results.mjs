/**
 * Counts what is in a JSON report of vitest and prints "N passed, N failed, N skipped".
 *
 *   node sum-test-results.mjs FAILED_STEPS REPORT EXIT_CODE
 *
 * A run that failed without a failed test (no report, a file that does not load, an error outside of any test) counts
 * as one failed, for nothing that went wrong may end in "0 failed".
 */
import { readFileSync } from 'node:fs'

const [failedSteps, report, exitCode] = process.argv.slice(2)
const { passed, failed, skipped } = countsOf(report)
const failedInAll = Number(failedSteps) + (exitCode !== '0' && failed === 0 ? 1 : failed)

console.log(`${passed} passed, ${failedInAll} failed, ${skipped} skipped`)
process.exitCode = failedInAll === 0 ? 0 : 1

function countsOf(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of filesIn(report)) {
    const failedBefore = counts.failed
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1
      else if (test.status === 'failed') counts.failed += 1
      else counts.skipped += 1
    }
    if (file.status === 'failed' && counts.failed === failedBefore) counts.failed += 1
  }
  return counts
}

function filesIn(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch (error) {
    console.error(`${report}: ${error.message}`)
    return [{ status: 'failed', assertionResults: [] }]
  }
}
