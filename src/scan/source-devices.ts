/**
 * The file systems a source lies on, and whether their inode numbers and ctimes can be believed. The
 * number `stat` gives may change with a reboot, and one disk may be mounted in the place of another; type,
 * mounted thing and place together tell.
 */
import { mountAround } from '../model/mount-around.ts'
import type { RememberedDevice } from './source-state.ts'

/** What is mounted where; paths as bytes, one character each. */
export interface SourceMount {
  readonly mountpoint: string
  readonly type: string
  readonly source: string
}

/**
 * File systems of the kernel that keep an inode number for the life of a file and move the ctime with
 * every change. Network file systems and those served by a program are not among them: sshfs, for one,
 * makes up inode numbers and shows the modification time as ctime.
 */
const STABLE_TYPES: ReadonlySet<string> = new Set([
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'bcachefs', 'jfs', 'nilfs2'],
  ...['tmpfs', 'ramfs', 'overlay'],
])

export interface SourceDevice extends RememberedDevice {
  /** Whether equal inode and ctime mean an unchanged entry here. */
  readonly isStable: boolean
}

/** Numbers the devices met during a scan, in order of appearance. */
export class SourceDevices {
  readonly #source: string
  readonly #mounts: readonly SourceMount[]
  readonly #indexes = new Map<bigint, number>()
  readonly #devices: SourceDevice[] = []

  /** @param source the absolute path of the source, as bytes */
  constructor(source: string, mounts: readonly SourceMount[]) {
    this.#source = source
    this.#mounts = mounts
  }

  /**
   * The index of a device.
   * @param path where it was met, below the source; empty for the root
   */
  indexOf(device: bigint, path: string): number {
    const known = this.#indexes.get(device)
    if (known !== undefined) return known
    const index = this.#devices.length
    this.#indexes.set(device, index)
    const absolute = `${this.#source === '/' ? '' : this.#source}/${path}`.replace(/(?<=.)\/$/u, '')
    const mount = mountAround(this.#mounts, absolute)
    const type = mount?.type ?? ''
    this.#devices.push({
      number: String(device),
      identity: `${type} ${mount?.source ?? ''} ${path}`,
      isStable: STABLE_TYPES.has(type),
    })
    return index
  }

  at(index: number): SourceDevice | undefined {
    return this.#devices[index]
  }

  all(): readonly RememberedDevice[] {
    return this.#devices.map(({ number, identity }) => ({ number, identity }))
  }
}

/** Whether a device of the past is the one met now. Numbers count only within one boot. */
export function isSameDevice(
  past: RememberedDevice | undefined,
  now: RememberedDevice | undefined,
  boot: 'same boot' | 'another boot',
): boolean {
  if (past === undefined || now === undefined) return false
  return past.identity === now.identity && (boot === 'another boot' || past.number === now.number)
}
