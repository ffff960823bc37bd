/** Which entries have the attribute `d` of chattr(1), by lsattr(1): Node has no call for it. */
import { spawnSync } from 'node:child_process'
import { missingProgram } from '../errors/missing-program.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, joinPath } from '../model/entry-name.ts'

/** More than lsattr says of all names of a large directory. */
const OUTPUT_LIMIT_BYTES = 1024 ** 3

/**
 * The names in a directory that have the attribute. Those that lsattr cannot tell of do not, as on a file system
 * without attributes.
 * @throws SnapfsError RSYNC_MISSING without lsattr
 */
export function listNodump(directory: BytePath, names: readonly string[]): ReadonlySet<string> {
  if (names.length === 0) return new Set()
  const paths = names.map((name) => joinPath(directory, name))
  // Arguments of a process are text to Node, and names are bytes; xargs(1) takes bytes.
  const { stdout, error, status } = spawnSync('xargs', ['-0', '-r', 'lsattr', '-d', '--'], {
    input: Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1'),
    maxBuffer: OUTPUT_LIMIT_BYTES,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // 127: xargs found no lsattr.
  if (status === 127 || (error !== undefined && systemErrorCode(error) === 'ENOENT')) {
    throw missingProgram('lsattr', 'It belongs to e2fsprogs; "exclude_nodump" needs it.')
  }
  if (error !== undefined) throw error
  const flags = parseAttributes(stdout.toString('latin1'), paths)
  return new Set(names.filter((_name, index) => flags[index]?.includes('d')))
}

/**
 * What lsattr printed about each path; undefined where it said nothing. A line is flags, a blank and the path as it is,
 * line feeds in it included, so each path is looked for in its place.
 */
export function parseAttributes(
  output: string,
  paths: readonly string[],
): readonly (string | undefined)[] {
  let at = 0
  return paths.map((path) => {
    const blank = output.indexOf(' ', at)
    if (blank === -1 || !output.startsWith(`${path}\n`, blank + 1)) return undefined
    const flags = output.slice(at, blank)
    at = blank + 1 + path.length + 1
    return flags
  })
}
