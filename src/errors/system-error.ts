/** Reading what the operating system said: Node puts the errno's name into `code`, where it knows one. */

/**
 * What the library below Node has no name for, by Linux's numbers. EUCLEAN, "structure needs cleaning", is
 * how ext4 and xfs speak of what they find damaged.
 */
const UNNAMED: ReadonlyMap<string, string> = new Map([
  ['Unknown system error -116', 'ESTALE'],
  ['Unknown system error -117', 'EUCLEAN'],
  ['Unknown system error -122', 'EDQUOT'],
])

/** The errno name (`ENOENT`, `EACCES`, ...) of an error raised by a system call, else undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (typeof error.code !== 'string') return undefined
  // So calls that wait name what the others name by its number.
  const isUnnamed = error.code === 'UNKNOWN' && 'errno' in error
  const code = isUnnamed ? `Unknown system error ${String(error.errno)}` : error.code
  return UNNAMED.get(code) ?? error.code
}

/** The same, where anything else is a defect. @throws what is no error of a system call */
export function requireSystemErrorCode(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === undefined) throw error
  return code
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
