/**
 * What is left out of a directory, and why. Rules come first, as the user of the backup gave them: what one of them
 * includes, no `.snapfsignore` leaves out. The other reasons hold whatever the rules say.
 */
import type { BigIntStats } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import type { Match } from '../filter/compile-rules.ts'
import { compileIgnoreFile, IGNORE_FILE, type MatchBelow } from '../filter/ignore-file.ts'
import type { Rule } from '../filter/parse-rule.ts'
import { type BytePath, joinPath } from '../model/entry-name.ts'
import type { LeaveOut } from '../model/leave-out.ts'
import { listNodump } from './list-nodump.ts'
import { readSmallFile } from './read-small-file.ts'

export interface FilterRequest {
  readonly source: BytePath
  /** The rules of the user. */
  readonly match: Match
  readonly leaveOut: LeaveOut
}

/** Why an entry is left out. */
export type Reason =
  | { readonly kind: 'rule'; readonly rule: Rule }
  /** `file`: its path below the source. */
  | { readonly kind: 'ignore-file'; readonly file: string; readonly rule: Rule }
  /** The name that is present in its directory. */
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'larger-than'; readonly limitBytes: number }
  | { readonly kind: 'nodump' }

/** A directory, looked into. */
export interface Inside {
  readonly filter: DirectoryFilter
  /** The names that may be kept. */
  readonly names: readonly string[]
  /** Why the others are not. */
  readonly mark: string | undefined
  /** The code of the error that kept a `.snapfsignore` from being obeyed. */
  readonly disobeyed: string | undefined
}

interface IgnoreFile {
  /** The directory it lies in, below the source. */
  readonly directory: string
  readonly match: MatchBelow
}

const CACHE_TAG = 'CACHEDIR.TAG'
/** https://bford.info/cachedir/ */
const CACHE_SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55'
/** A list of patterns that is longer is a mistake. */
const IGNORE_FILE_LIMIT_BYTES = 1024 * 1024

export class DirectoryFilter {
  readonly #request: FilterRequest
  /** Those of this directory and of all above, the nearest first. */
  readonly #ignoreFiles: readonly IgnoreFile[]
  readonly #nodump: ReadonlySet<string>

  private constructor(
    request: FilterRequest,
    ignoreFiles: readonly IgnoreFile[] = [],
    nodump: ReadonlySet<string> = new Set(),
  ) {
    this.#request = request
    this.#ignoreFiles = ignoreFiles
    this.#nodump = nodump
  }

  static ofSource(request: FilterRequest): DirectoryFilter {
    return new DirectoryFilter(request)
  }

  /** Looks into a directory that this one holds, or into the source. @param names all that are in it */
  enter(path: string, names: readonly string[]): Inside {
    const { source, leaveOut } = this.#request
    const directory = path === '' ? source : joinPath(source, path)
    const mark = findMark(directory, names, leaveOut)
    const obeyed = leaveOut.ignoreFiles && names.includes(IGNORE_FILE)
    const reading = obeyed ? readIgnoreFile(directory) : undefined
    const nodump = leaveOut.nodump ? listNodump(directory, names) : new Set<string>()
    const ignoreFiles =
      reading?.text === undefined
        ? this.#ignoreFiles
        : [{ directory: path, match: compileIgnoreFile(reading.text) }, ...this.#ignoreFiles]
    const isSame = ignoreFiles === this.#ignoreFiles && nodump.size === 0 && this.#nodump.size === 0
    return {
      filter: isSame ? this : new DirectoryFilter(this.#request, ignoreFiles, nodump),
      names: mark === undefined ? names : [mark],
      mark,
      disobeyed: reading?.code,
    }
  }

  /** Why an entry of this directory is left out, if it is. */
  reason(path: string, name: string, status: BigIntStats): Reason | undefined {
    const { match, leaveOut } = this.#request
    const kind = status.isDirectory() ? 'directory' : 'other'
    const rule = match(path, kind)
    if (rule?.verdict === 'excluded') return { kind: 'rule', rule }
    if (rule === undefined) {
      for (const { directory, match: matchBelow } of this.#ignoreFiles) {
        const below = directory === '' ? path : path.slice(directory.length + 1)
        const found = matchBelow(path, below, kind)
        if (found === undefined) continue
        const file = directory === '' ? IGNORE_FILE : `${directory}/${IGNORE_FILE}`
        return { kind: 'ignore-file', file, rule: found }
      }
    }
    const { largerThan } = leaveOut
    if (largerThan !== undefined && status.isFile() && status.size > largerThan) {
      return { kind: 'larger-than', limitBytes: largerThan }
    }
    return this.#nodump.has(name) ? { kind: 'nodump' } : undefined
  }
}

/** The name that says that nothing else of a directory is to be kept. */
function findMark(
  directory: BytePath,
  names: readonly string[],
  { ifPresent, caches }: LeaveOut,
): string | undefined {
  const mark = ifPresent
    .map((text) => Buffer.from(text, 'utf8').toString('latin1'))
    .find((name) => names.includes(name))
  if (mark !== undefined) return mark
  return caches && names.includes(CACHE_TAG) && isCacheTag(joinPath(directory, CACHE_TAG))
    ? CACHE_TAG
    : undefined
}

function isCacheTag(path: BytePath): boolean {
  try {
    const limitBytes = CACHE_SIGNATURE.length
    return readSmallFile(path, { links: 'refuse', limitBytes })?.text === CACHE_SIGNATURE
  } catch (error) {
    // What cannot be read says nothing; whether it can be stored is found when it is copied.
    requireSystemErrorCode(error)
    return false
  }
}

function readIgnoreFile(directory: BytePath): { readonly text?: string; readonly code?: string } {
  try {
    const path = joinPath(directory, IGNORE_FILE)
    const read = readSmallFile(path, { links: 'follow', limitBytes: IGNORE_FILE_LIMIT_BYTES })
    if (read === undefined) return {}
    return read.isWhole ? { text: read.text } : { code: 'EFBIG' }
  } catch (error) {
    const code = requireSystemErrorCode(error)
    // A link that leads nowhere, as rsync has it; and what may not be read fails when it is copied, too.
    return code === 'ENOENT' || code === 'EACCES' ? {} : { code }
  }
}
