/** What is mounted where, from the kernel's own table: reading it never touches a mount that hangs. */
import { readFile } from 'node:fs/promises'

export interface MountedFileSystem {
  readonly mountpoint: string
  /** Such as `ext4` or `fuse.snapfs`. */
  readonly type: string
  readonly source: string
  /** The directory of the file system that is seen at the mountpoint. */
  readonly root: string
  readonly options: ReadonlySet<string>
  /** Major and minor number, as in `0:45`. */
  readonly device: string
}

/** The mounts of this process's namespace, in the order they were made. */
export async function readMountTable(): Promise<readonly MountedFileSystem[]> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'latin1'))
}

/** Reads proc_pid_mountinfo(5); a line that is not understood is left out. Bytes as characters. */
export function parseMountTable(text: string): readonly MountedFileSystem[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ')
    const [, , device, root, mountpoint, options] = before?.split(' ') ?? []
    const [type, source, superOptions] = after?.split(' ') ?? []
    if (
      device === undefined ||
      root === undefined ||
      mountpoint === undefined ||
      type === undefined ||
      source === undefined
    )
      return []
    return [
      {
        device,
        mountpoint: unescape(mountpoint),
        type,
        source: unescape(source),
        root: unescape(root),
        options: new Set(`${options ?? ''},${superOptions ?? ''}`.split(',')),
      },
    ]
  })
}

/** What is mounted on a directory, if anything: the last mount there hides the earlier ones. */
export function mountedAt(
  table: readonly MountedFileSystem[],
  directory: string,
): MountedFileSystem | undefined {
  const bytes = Buffer.from(directory, 'utf8').toString('latin1')
  return table.findLast((mount) => mount.mountpoint === bytes)
}

/** Space, tab, newline and backslash come as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/gu, (_match, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
