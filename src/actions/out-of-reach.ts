/** A disk that does not answer any more: whatever waits for it waits for ever, tidying up as well. */

/** The cause of an error: a process waits in the kernel for such a disk and cannot be ended. */
export class OutOfReach extends Error {
  override readonly name = 'OutOfReach'
}

export function isOutOfReach(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof OutOfReach
}

/**
 * Tidies up after a failure, which is the one to tell: a disk that went away cannot be tidied either. One that does
 * not answer is left alone, or this process could not end itself; the next run breaks the lock and removes the rest.
 */
export async function tidyUpAfter(error: unknown, tidyUp: () => Promise<void>): Promise<void> {
  if (isOutOfReach(error)) return
  await tidyUp().catch(() => undefined)
}
