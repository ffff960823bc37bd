/**
 * All directories of a source in a few words: remembered with the rest, they tell next time whether any of them was
 * touched. What is in a directory, its mode, owner, time, ACL and xattrs, whatever of these changes moves its ctime,
 * which no program can set.
 *
 * Not each is remembered: nothing is to be linked for a directory, so that one of them changed is all there is to know.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { SourceStatus } from './source-status.ts'

export const directoryTrailSchema = v.object({
  /** SHA-256 over path, place, times and number of entries of every directory, in the order of the scan. */
  digest: v.string(),
  /** The youngest ctime among them, in nanoseconds since 1970. */
  newestNs: v.pipe(v.string(), v.regex(/^-?\d{1,20}$/u)),
})
export type DirectoryTrail = v.InferOutput<typeof directoryTrailSchema>

/** Collects the directories during a scan. */
export class DirectoryTrailWriter {
  readonly #hash = createHash('sha256')
  #newestNs = 0n

  /**
   * @param itself its device is the number within the scan; that of the system may change with a reboot
   * @param entries how many are in it that are not directories
   */
  add(
    path: string,
    { status, device }: { readonly status: SourceStatus; readonly device: number },
    entries: number,
  ): void {
    const { ino, mode, uid, gid, mtimeNs, ctimeNs } = status
    // A path holds no NUL, so no two lists of directories make one text.
    const text = `${path}\0${device} ${ino} ${mode} ${uid} ${gid} ${mtimeNs} ${ctimeNs} ${entries}\n`
    this.#hash.update(text, 'latin1')
    if (ctimeNs > this.#newestNs) this.#newestNs = ctimeNs
  }

  /** As of what was added so far. */
  trail(): DirectoryTrail {
    return { digest: this.#hash.copy().digest('hex'), newestNs: String(this.#newestNs) }
  }
}
