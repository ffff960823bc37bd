/** What `rsync --version` says: whether it is rsync at all, how old, and what it was built with. */

export interface RsyncVersion {
  readonly text: string
  readonly acls: boolean
  readonly xattrs: boolean
}

/** Older ones lack safe argument passing to remote shells and known fixes of --link-dest. */
export const OLDEST_RSYNC = '3.2.4'
/** 3.5.0 fixed 33 CVEs; distributions also patch older ones, so below it is advice only. */
export const ADVISED_RSYNC = '3.5.0'

/** The version a first line such as `rsync  version 3.5.0  protocol version 32` names. */
export function parseRsyncVersion(output: string): RsyncVersion | undefined {
  const match = /^rsync\s+version\s+v?(\d+\.\d+(?:\.\d+)?)/mu.exec(output)
  const text = match?.[1]
  if (text === undefined) return undefined
  return {
    text,
    acls: /(?<!no )\bACLs\b/u.test(output),
    xattrs: /(?<!no )\bxattrs\b/u.test(output),
  }
}

/** Negative when left is the older of two dotted versions. */
export function compareVersions(left: string, right: string): number {
  const leftParts = left.split('.').map(Number)
  const rightParts = right.split('.').map(Number)
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index += 1) {
    const difference = (leftParts[index] ?? 0) - (rightParts[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
