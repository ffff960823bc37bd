/** Unmounting, by fusermount or as root by umount, and an argument list, never through a shell. */
export type UnmountResult =
  | { readonly kind: 'unmounted' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'no-fusermount' }
  | { readonly kind: 'failed'; readonly message: string }

/** fuse3 brings fusermount3 and usually a link of the old name; fuse 2 brings the old one. Root can do without. */
const PROGRAMS = [
  { program: 'fusermount3', plainly: ['-u'], lazily: ['-uz'] },
  { program: 'fusermount', plainly: ['-u'], lazily: ['-uz'] },
  { program: 'umount', plainly: ['-i'], lazily: ['-i', '-l'] },
] as const
const TIMEOUT_MS = 10_000

/** @param lazily detach now, finish when the last user is gone */
export async function runUnmount(
  mountpoint: string,
  lazily: 'lazily' | 'plainly',
): Promise<UnmountResult> {
  for (const one of PROGRAMS) {
    const result = await run(one.program, [...one[lazily], '--', mountpoint])
    if (result.code === 'ENOENT') continue
    if (!result.failed) return { kind: 'unmounted' }
    // Only where there is no fusermount, and then it is for root.
    if (one.program === 'umount' && /must be superuser|not permitted/iu.test(result.stderr)) break
    if (/busy/iu.test(result.stderr)) return { kind: 'busy' }
    return { kind: 'failed', message: result.stderr || result.shortMessage || one.program }
  }
  return { kind: 'no-fusermount' }
}

/** Cuts off a mount from those who are in it, as root; the mount itself may stay. */
export async function forceUnmount(mountpoint: string): Promise<void> {
  await run('umount', ['-i', '-f', '--', mountpoint])
}

async function run(program: string, words: readonly string[]) {
  // Loaded here, since a mount begins without it and it takes longer to load than all the rest.
  const { execa } = await import('execa')
  return execa(program, words, {
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
    timeout: TIMEOUT_MS,
  })
}
