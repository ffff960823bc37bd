/** Comparing absolute paths that hold no symbolic links. */

/** Whether `outer` is `inner` or a directory above it. */
export function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`)
}

/** The path of `inner` below `outer`, beginning with a slash; undefined when it is not below it. */
export function pathBelow(outer: string, inner: string): string | undefined {
  if (inner === outer || !contains(outer, inner)) return undefined
  return outer === '/' ? inner : inner.slice(outer.length)
}
