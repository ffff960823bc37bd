/** Whether two versions of a path have the same content. */
import type { Catalog, ReadHandle } from '../catalog/catalog.ts'
import type { Version } from '../catalog/fold-history.ts'
import type { EntryPath } from '../model/entry-name.ts'

/** Larger files are not read: whoever asks anything else of the mount would wait. */
const SIZE_LIMIT_BYTES = 64 * 1024 * 1024
const PIECE_BYTES = 1024 * 1024

/** Of files and symbolic links; false too where one cannot be read, or is too large to be. */
export function isEqualFile(
  catalog: Catalog,
  path: EntryPath,
  one: Version,
  other: Version,
): boolean {
  const { kind, sizeBytes } = one.entry
  if (kind !== other.entry.kind || sizeBytes !== other.entry.sizeBytes) return false
  if (kind === 'symlink') {
    return catalog.linkTarget(one.last, path) === catalog.linkTarget(other.last, path)
  }
  if (kind !== 'file' || sizeBytes > SIZE_LIMIT_BYTES) return false
  const handles: ReadHandle[] = []
  try {
    for (const { last, entry } of [one, other]) {
      const handle = catalog.open(last, path, entry)
      if (handle !== undefined) handles.push(handle)
    }
    const [left, right] = handles
    return left !== undefined && right !== undefined && isEqualContent(left, right)
  } finally {
    for (const handle of handles) handle.close()
  }
}

function isEqualContent(left: ReadHandle, right: ReadHandle): boolean {
  const [one, other] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)]
  for (let at = 0; ; at += PIECE_BYTES) {
    const length = left.read(one, at)
    if (right.read(other, at) !== length) return false
    if (one.compare(other, 0, length, 0, length) !== 0) return false
    if (length < PIECE_BYTES) return true
  }
}
