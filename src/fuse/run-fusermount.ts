/** Unmounting, by fusermount and an argument list, never through a shell. */
export type UnmountResult =
  | { readonly kind: 'unmounted' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'no-fusermount' }
  | { readonly kind: 'failed'; readonly message: string }

/** fuse3 brings fusermount3 and usually a link of the old name; fuse 2 brings the old one. */
const PROGRAMS = ['fusermount3', 'fusermount']
const TIMEOUT_MS = 10_000

/** @param lazily detach now, finish when the last user is gone */
export async function runFusermount(
  mountpoint: string,
  lazily: 'lazily' | 'plainly',
): Promise<UnmountResult> {
  // Loaded here, since a mount begins without it and it takes longer to load than all the rest.
  const { execa } = await import('execa')
  for (const program of PROGRAMS) {
    const flags = lazily === 'lazily' ? '-uz' : '-u'
    const result = await execa(program, [flags, '--', mountpoint], {
      stdin: 'ignore',
      env: { LC_ALL: 'C' },
      reject: false,
      timeout: TIMEOUT_MS,
    })
    if (result.code === 'ENOENT') continue
    if (!result.failed) return { kind: 'unmounted' }
    if (/busy/iu.test(result.stderr)) return { kind: 'busy' }
    return { kind: 'failed', message: result.stderr || result.shortMessage || program }
  }
  return { kind: 'no-fusermount' }
}
