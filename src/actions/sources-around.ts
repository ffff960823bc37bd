/** Whether a mountpoint lies inside what is backed up. */
import { realpath } from 'node:fs/promises'
import { resolveMountpoint } from '../fuse/check-mountpoint.ts'
import { contains } from '../model/absolute-path.ts'
import type { Profile } from '../model/profile.ts'

/**
 * The profiles whose source is, or holds, the mountpoint. What cannot be looked at holds nothing here: the
 * mount itself says what is wrong.
 */
export async function sourcesAround(
  mountpoint: string,
  profiles: readonly Profile[],
): Promise<readonly Profile[]> {
  const place = await resolveMountpoint(mountpoint).catch(() => undefined)
  if (place === undefined) return []
  const sources = await Promise.all(profiles.map(({ source }) => realpath(source).catch(() => '')))
  return profiles.filter((_profile, index) => {
    const source = sources[index] ?? ''
    return source !== '' && contains(source, place)
  })
}
