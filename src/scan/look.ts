/** Looking at one entry, where what cannot be looked at counts as not there. */
import { type BigIntStats, lstatSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import { type BytePath, systemPath } from '../model/entry-name.ts'

/** Undefined also below a directory that is none any more, or is closed to this user. */
export function lookQuietly(path: BytePath): BigIntStats | undefined {
  try {
    return lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    requireSystemErrorCode(error)
    return undefined
  }
}
