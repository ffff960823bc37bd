import type { ExitName } from './exit-code.ts'

export type ErrorCode = Exclude<ExitName, 'DONE'>

export interface SnapfsErrorOptions {
  /** What the user can do about it, as a sentence. */
  readonly hint?: string
  /** More lines for the curious: rsync's last words, a path, a position. */
  readonly details?: readonly string[]
  readonly cause?: unknown
}

/**
 * A failure with a sentence for the user. Raised where it is known, rendered by `cli/` alone.
 * Anything else that is thrown is a defect and is shown with its stack.
 */
export class SnapfsError extends Error {
  override readonly name = 'SnapfsError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: readonly string[]

  constructor(code: ErrorCode, message: string, options: SnapfsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? []
  }
}
