/** What the README.txt at the root of a mount says. */

export function mountReadme(): string {
  return `These are snapshots made by snapfs, read-only.

by-date/   one directory per snapshot, named by its time; "latest" is the newest.
           Inside is the whole tree as it was then. Where a time is a link, nothing had changed
           since the snapshot it leads to.
by-file/   the same tree, but every file is a directory that holds all versions the file ever had,
           each named by the time it was first seen. Files deleted long ago are here too.

With several profiles, each has a directory of its own first. Times are local times.
To get something back, copy it out. Absolute symbolic links lead to the live system, as they always did.
`
}
