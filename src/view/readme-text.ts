/** What the README.txt at the root of a mount says. */

export function mountReadme(): string {
  return `Snapshots made by snapfs, read-only. To get something back, copy it out. Times are local.
by-date/   a directory for each snapshot, with the whole tree as it was then; "latest" is the newest. A
           link is a time at which nothing had changed since.
by-file/   the same tree, but every file is a directory of all versions it ever had, each named by the
           time it was first seen. Files deleted long ago are here too.
deleted/   what existed and no longer does, in its place and as it was last.
changes/   for each snapshot what it added, modified and deleted against the one before.
Never listed, but found when asked for: beside a file NAME@yesterday, NAME@2026-11-20 and NAME@~1, the version
before; in directories of by-date .history/, with all versions of what is and was there.
Absolute symbolic links lead to the live system, as they always did.
`
}
