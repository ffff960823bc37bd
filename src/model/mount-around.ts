/** Which of many mounts a path lies in. Paths are bytes, one character each. */

/** The last one of the longest mountpoint above a path, which hides the others. */
export function mountAround<Mount extends { readonly mountpoint: string }>(
  mounts: readonly Mount[],
  path: string,
): Mount | undefined {
  let best: Mount | undefined
  for (const mount of mounts) {
    const { mountpoint } = mount
    const isAbove = mountpoint === '/' || path === mountpoint || path.startsWith(`${mountpoint}/`)
    if (isAbove && mountpoint.length >= (best?.mountpoint.length ?? 0)) best = mount
  }
  return best
}
