/** What a driver is: something that makes the kernel ask a virtual file system. */
import type { SourcePlace, ViewRecipe } from '../view/open-views.ts'

export interface MountRequest {
  /** What to show. A driver makes the view where it serves it. */
  readonly recipe: ViewRecipe
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
   * @throws the operating system's error when the repository cannot be read
   */
  mount(request: MountRequest): Promise<MountSession>
}

export interface MountSession {
  /** Where the newest snapshot of each profile was made of. */
  readonly sources: Readonly<Record<string, SourcePlace>>
  /**
   * Whether the kernel may still ask: until it is unmounted, and after a lazy unmount until the last file is closed.
   * @throws what ended it, if that was a failure
   */
  isServing(): Promise<boolean>
  /** Cuts off whoever is in it, as far as that can be done; it is still mounted. */
  cutOff(): Promise<void>
  /** To be called when it is not mounted any more, for what is left of it. */
  end(): Promise<void>
}

export const DRIVER_NAMES = ['kernel', 'fuse-native'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

/** The type the kernel's table shows, `fuse.` and this. */
export const SUBTYPE = 'snapfs'
export const MOUNT_TYPE = `fuse.${SUBTYPE}`
