/** What a driver is: something that makes the kernel ask a virtual file system. */
import type { VirtualFileSystem } from '../view/virtual-file-system.ts'

export interface MountRequest<Node extends object> {
  readonly fileSystem: VirtualFileSystem<Node>
  /** Absolute, without symbolic links; an empty directory. */
  readonly mountpoint: string
  /** Whether other users may enter; then the modes and owners of the files decide. */
  readonly allowOther: boolean
  /** Told of every unexpected error that a reader only sees as EIO. */
  readonly onError: (error: unknown) => void
}

export interface Driver {
  readonly name: DriverName
  /**
   * Mounts and returns when the kernel has been answered for the first time. Serves from this process
   * until unmounted.
   * @throws SnapfsError FUSE_UNAVAILABLE or MOUNT_FAILED
   */
  mount<Node extends object>(request: MountRequest<Node>): Promise<MountSession>
}

export interface MountSession {
  /** Whether the kernel may still ask: until it is unmounted, and after a lazy unmount until the last file is closed. */
  isServing(): Promise<boolean>
}

export const DRIVER_NAMES = ['fuse-native'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The type the kernel's table shows, `fuse.` and this. */
export const SUBTYPE = 'snapfs'
export const MOUNT_TYPE = `fuse.${SUBTYPE}`
