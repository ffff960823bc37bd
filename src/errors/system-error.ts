/** Reading what the operating system said: Node puts the errno's name into `code`. */

/** The errno name (`ENOENT`, `EACCES`, ...) of an error raised by a system call, else undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
