/** Who keeps a mount busy, from /proc: reading its links asks nothing of the mount itself, which may hang. */
import { readdir, readFile, readlink } from 'node:fs/promises'

export interface Holder {
  readonly pid: number
  /** The first 15 bytes of its name, as the kernel has it. */
  readonly name: string
  /** What of the mount it has: its working directory, its root, or an open file. */
  readonly has: 'its working directory' | 'its root' | 'an open file'
}

/** So many are named; a desktop may have hundreds of windows. */
const HOLDERS_LIMIT = 10

/**
 * Those of this user, or of all users for root. Mapped files that are not open any more are not looked for.
 * @param mountpoint absolute, without symbolic links
 */
export async function findHolders(mountpoint: string): Promise<readonly Holder[]> {
  const holders: Holder[] = []
  const processes = await readdir('/proc')
  for (const pid of processes.filter((name) => /^\d+$/u.test(name))) {
    const has = await whatItHas(`/proc/${pid}`, mountpoint)
    if (has === undefined) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    holders.push({ pid: Number(pid), name: name.trim(), has })
    if (holders.length === HOLDERS_LIMIT) break
  }
  return holders
}

async function whatItHas(process: string, mountpoint: string): Promise<Holder['has'] | undefined> {
  const isInside = async (link: string): Promise<boolean> => {
    const target = await readlink(`${process}/${link}`).catch(() => '')
    return target === mountpoint || target.startsWith(`${mountpoint}/`)
  }
  if (await isInside('cwd')) return 'its working directory'
  if (await isInside('root')) return 'its root'
  for (const descriptor of await readdir(`${process}/fd`).catch(() => [])) {
    if (await isInside(`fd/${descriptor}`)) return 'an open file'
  }
  return undefined
}
