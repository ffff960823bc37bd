/** What the program says, held to how it should say it. */
import { expect } from 'vitest'
import type { Finished, RunOptions } from './snapfs.ts'

/** All is well, and nothing to say. */
export const SILENCE: Finished = { exitCode: 0, stdout: '', stderr: '' }

export interface Refusal {
  readonly exitCode: number
  /** A text must occur as it is, a pattern must match. */
  readonly says: readonly (string | RegExp)[]
  readonly words?: readonly string[]
  readonly options?: RunOptions
}

/** Sentences for a person: no stack, nothing that moves a cursor. */
export function expectSentences(
  result: Finished,
  exitCode: number,
  says: readonly (string | RegExp)[],
): void {
  expect(result.stderr).toMatch(/^snapfs: .{20,}/u)
  for (const text of says) expect(result.stderr).toMatch(text)
  expect(result.stderr).not.toMatch(/^\s+at .+:\d+:\d+/mu)
  expect(result.stderr).not.toMatch(/defect|undefined|\[object/u)
  expect(result.stderr).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]/u)
  expect(result.stdout).toBe('')
  expect(result.exitCode).toBe(exitCode)
}
