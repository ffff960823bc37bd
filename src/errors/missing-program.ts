import { SnapfsError } from './snapfs-error.ts'

/** What a user is told of a program that is not there. @param hint how to get it, as a sentence */
export function missingProgram(program: string, hint: string): SnapfsError {
  return new SnapfsError('RSYNC_MISSING', `The program ${program} is not installed.`, { hint })
}

export const SETPRIV_HINT = 'It belongs to util-linux.'
