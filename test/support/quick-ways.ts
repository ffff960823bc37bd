/** The ways past Node that the kernel driver has, which these tests must have. */
import type { QuickWays } from '../../src/catalog/disk-catalog.ts'
import { listQuickly, lookQuickly, quickLook } from '../../src/fuse/kernel/quick-look.ts'
import { loadSystemLibrary, type SystemLibrary } from '../../src/fuse/kernel/system-library.ts'

export async function systemLibrary(): Promise<SystemLibrary> {
  const library = await loadSystemLibrary()
  if (library === undefined) throw new Error('koffi is a package that these tests need')
  return library
}

export async function quickWays(repository: string): Promise<Required<QuickWays>> {
  const library = await systemLibrary()
  const list = listQuickly(library, repository)
  if (list === undefined) throw new Error('the C library has no getdents64')
  return { look: lookQuickly(quickLook(library)), list }
}
