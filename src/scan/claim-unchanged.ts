/**
 * What is unchanged is linked without a look at which stored file that is. Where something else is to be compared with
 * what an older tree has, that may be the same stored file: a directory was renamed, backed up, and then copied back to
 * its old name with its times. Linked to it, two files of the source would be one in the snapshot.
 */
import { joinPath, splitPath } from '../model/entry-name.ts'
import type { Claims, Evidence } from './evidence.ts'
import { lookQuietly } from './look.ts'
import type { SourceDevices } from './source-devices.ts'
import type { ScanRequest } from './source-scan.ts'
import { lookKey } from './source-state.ts'
import type { SourceStatus } from './source-status.ts'
import type { StoredEntry } from './stored-entry.ts'

/** An entry that looks like what an older tree has. */
export interface Wanted {
  readonly status: SourceStatus
  readonly stored: StoredEntry | undefined
}

/** Claims the stored files of those for what is unchanged and lies in the remembered tree under any name. */
export function claimUnchanged(
  wanted: readonly Wanted[],
  search: {
    readonly request: Pick<ScanRequest, 'source' | 'remembered' | 'keeps'>
    readonly evidence: Evidence
    readonly devices: SourceDevices
    readonly claims: Claims
  },
): void {
  const { request, evidence, devices, claims } = search
  const { source, remembered, keeps } = request
  if (wanted.length === 0 || remembered === undefined) return
  const { state, tree } = remembered
  const inodes = new Set(wanted.map(({ stored }) => stored?.inode))
  const looks = new Set(wanted.map(({ status }) => lookKey(status.mtimeNs, status.size)))
  // Where times are cut, two that differ may be stored with one.
  const isWanted = (_inode: number, look: number): boolean => !keeps.nanoseconds || looks.has(look)
  for (const { path, entry } of state.find(isWanted)) {
    const stored = lookQuietly(joinPath(tree, path))
    if (stored === undefined || !inodes.has(stored.ino)) continue
    const status = lookQuietly(joinPath(source, path))
    if (status === undefined || status.isDirectory()) continue
    const device = devices.indexOf(status.dev, splitPath(path)[0])
    if (!evidence.isUnchanged({ status, device }, entry, state.header)) continue
    claims.take({ inode: stored.ino, links: Number(stored.nlink) }, status)
  }
}
