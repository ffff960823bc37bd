/** A program of the system that a backup cannot do without, and that is not installed. */
import { SnapfsError } from './snapfs-error.ts'

/** What a user is told of a program that is not there. @param hint how to get it, as a sentence */
export function missingProgram(program: string, hint: string): SnapfsError {
  return new SnapfsError('RSYNC_MISSING', `The program ${program} is not installed.`, { hint })
}

/** How to get setpriv(1). */
export const SETPRIV_HINT = 'It belongs to util-linux.'
