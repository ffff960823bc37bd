/** What a server of the kernel's questions is given. */
import type { Feature, Wishes } from './agreement.ts'
import type { StoredAttributes } from './attribute-answers.ts'
import type { PushHost } from './push-ahead.ts'
import type { QuickLook } from './quick-look.ts'
import type { ReadHost } from './read-answers.ts'

/** What a server needs beside the view. */
export interface ServerHost extends ReadHost, PushHost {
  /** Tells the kernel something unasked; not in this thread, whose answer it may wait for. */
  readonly notify: (notices: readonly Buffer[]) => void
  /** Whether some of that is still to be told. */
  isTelling(): boolean
  /** Milliseconds since some moment; never goes back. */
  elapsed(): number
  /** Told of every error that a reader only sees as a number. */
  report(error: unknown): void
  /** A quicker way than the view's to look at what is stored, where there is one. */
  readonly look?: QuickLook | undefined
  /** Extended attributes as they are stored; undefined where they cannot be read. */
  readonly stored?: StoredAttributes
}

export interface ServerOptions extends Wishes {
  /** What is not to be agreed upon, though the kernel has it. */
  readonly without: readonly Feature[]
  /** Another one for every mount. */
  readonly generation: number
}
