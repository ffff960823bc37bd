/** What `snapfs backup --help` says. */
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'

export const BACKUP_DESCRIPTION =
  flowing(`Makes a snapshot: a complete directory tree in which every file that did not change is a hard link to
the previous snapshot. It appears under its name when it is whole and on the disk, or not at all; earlier
snapshots are never touched. Copies owners, permissions, times, links, holes, access control lists and
extended attributes.

Without PROFILE, backs up every profile of the configuration, one after the other. With --repository and
--source no configuration is needed. On a terminal a bar shows the progress; under cron the command is
silent unless something is wrong.`)

const SUBJECTS: readonly string[] = [
  section(
    'CHANGES',
    `
A file that has another size or time is copied. One that was rewritten with
the same size and time is noticed by its ctime, which no program can set,
and compared by content; on network and FUSE sources, whose inodes prove
nothing, a directory that changed places with another of equal names, sizes
and times is not noticed.

A file that was renamed or moved, also with a directory, is linked under its
new name and not copied again, when its inode and ctime prove that it is the
same, or its content does; never because size and time are equal. Files on
other machines that were moved are copied.

With --checksum all files of the source and of the last snapshot are read
and compared by content, which takes as long as reading both. Content that
changed although the file was not written since, as on a failing disk, is
told on standard error, and both are kept. "checksum_interval" in the
configuration, such as "30 days", has that done by itself when the last time
is so long ago.
`,
  ),
  section(
    'WHEN NOTHING HAS CHANGED',
    `
With --on-unchanged=skip, or on_unchanged = "skip" in the configuration,
no snapshot is made when the source is proven to be what the newest one
holds, its directories and all attributes included. The time is written down
all the same: "list" shows it, and by-date has a link of that name to the
snapshot. The status is 0.

Whatever is not proven makes a snapshot: when an entry changed in the last
three seconds before the newest one was made, or that one is partial; with
other exclude patterns or settings; with --checksum, and when "checksum_interval" is
over; and always of a source on another machine, which is not scanned.
`,
  ),
  section(
    'DRY RUN',
    `
With --dry-run nothing is written: no snapshot, no lock, not even the
directory of the series. The source is held against the last snapshot, and
what would be copied is told in files and bytes; what only looks unchanged
would be compared by content, and copied where it differs. --verbose names
each file first. What would refuse a backup refuses a dry run, with the same
status, but for a backup that runs just now. Of a remote source rsync itself
says what it would copy.

--explain PATH writes nothing either, and says of one file what the next
backup would do with it and why: which rule leaves it out, what of it is
another than when the last snapshot was made, what it was called then. It
scans the whole source, since a file may have come from anywhere.
`,
  ),
  section(
    'INTERRUPTIONS AND TIME',
    `
A backup that was interrupted or killed is gone on with by the next one,
which does not copy again what it finds right. --stop-after, or "stop_after"
in the configuration, ends a backup with status 23 when it takes longer,
such as a first one that may run at night only; the next one goes on from
there.

A backup of which nothing moves any more, since a disk or another machine
hangs, ends with status 21 after 30 minutes, or after "stall_timeout" of the
profile ("10 minutes", "off"), and says what it was at. One that is only
slow is left alone. A process that waits in the kernel for such a disk may
be left behind; it keeps the lock until the disk answers.

SIGINT, SIGTERM and SIGHUP end a backup within five seconds, whatever its
disks do, and nothing is published. A second SIGINT (Ctrl-C) ends it at once.

--bwlimit ("bandwidth_limit") copies at most so much a second. "nice" (0 to
19) and "ionice" ("idle" or "best-effort") in the configuration make a
backup give way to others, as the programs of these names do; schedulers of
the disk other than bfq take no notice of the latter.
`,
  ),
  section(
    'ONE AT A TIME',
    `
One backup of a profile runs at a time. A second one ends with status 11 and
says which process works there; with --wait, or "wait" in the configuration,
it waits for that one to end, for ever or for as long as DURATION says (90s,
30m, 2h, 1h30m), and then makes its own snapshot. The time of the snapshot
is when its copy began. In a crontab give a DURATION shorter than the time
between two runs, so that they do not queue up. The lock of a process that
was killed, or that a reboot ended, is taken over at once.
`,
  ),
  section(
    'WHAT IS REFUSED',
    `
A source that has become much smaller is refused with status 14 before
anything is copied: a disk may not be mounted, or something was removed by
mistake. That is so when it has fewer than half of the files and directories
of the last complete snapshot, or less than a tenth of the bytes, and that
one had at least 100; and when it is empty and was not. "max_shrink" in the
configuration sets another share ("80 %"), or "off". What is in the source
and left out from now on, by a pattern or otherwise, is no shrinking.

So is a source whose disk is not mounted, so that the directory below the
mountpoint would be backed up; and one where another disk is mounted in the
place of the one before. Where that cannot be told for certain (btrfs, zfs,
overlay, network and FUSE file systems have no root that stays), only a
mount that has gone is noticed. Other device numbers and names after a
reboot are no change.

Where the source is meant to be so, --accept-shrink makes the snapshot once,
and the next one is held against it.

No backup begins where it would end for want of room: with less than one
hundredth of the repository's file system free (at most 100 MiB), or of its
inodes (at most 10,000), it ends with status 22 before anything is written.
--min-free and --min-free-inodes, or "min_free" and "min_free_inodes" in the
configuration, set another floor: an amount ("5 GiB", "10000"), a share ("2
%"), or "off". Where inodes are not counted, as on btrfs, there is no floor
for them.

The order of the snapshots is that of their making, whatever the clock says.
When it is behind one of them, a sentence on standard error and in the
manifest says by how much; the status is 0, since nothing is lost.
`,
  ),
  section(
    'WHAT IS LEFT OUT',
    `
The repository, and snapfs mounts inside the source, are left out by
themselves. What else is mounted inside a source belongs to it; with
--one-file-system, or "one_file_system = true" in the configuration, a
mountpoint is an empty directory in the snapshot, and so is a subvolume of
btrfs.

--exclude and --include take the patterns of rsync's manual, and the first
that matches decides. "exclude" in the configuration is a list of them, and
comes after those; "+ PATTERN" in it keeps what it matches. What lies in a
directory that is left out cannot be kept:

*.tmp         everything of that ending
cache/        directories of that name
/a/b          that path, from the source
a/*/b, a/**/b with one directory between them, or one and more

A file called .snapfsignore leaves out what matches one of its lines, in its
directory and below; a leading slash means that directory, and # begins a
comment. It is stored itself, and "exclude" can keep what it names.
--no-ignore-files ("ignore_files = false") takes no notice of them.

Of a directory that holds the name of --exclude-if-present
("exclude_if_present = [".nobackup"]") nothing else is stored; with
--exclude-caches ("exclude_caches = true") a CACHEDIR.TAG is such a name.
--exclude-larger-than ("exclude_larger_than = "1 GiB"") leaves out larger
files, and --exclude-nodump ("exclude_nodump = true") what "chattr +d"
marks, which costs some milliseconds for each directory. These four are told
by the scan, so they are refused for a source on another machine. What was
in force is in the manifest of each snapshot.

"rsync_options" in the configuration adds options to rsync that change
neither what is stored nor what is linked, such as "--compress" and
"--no-whole-file"; any other is refused by name, with the reason.
`,
  ),
  section(
    'SOURCES ON OTHER MACHINES',
    `
[USER@]HOST:/PATH is reached by ssh, with a key and without any question
asked, and rsync://[USER@]HOST[:PORT]/MODULE[/PATH] is read from an rsync
daemon. "ssh_port", "ssh_key", "ssh_config" and "password_file" of the
profile say how to get there; else ssh does as its own configuration says.
The host key must be known; it is never accepted unseen. rsync 3.1 or newer
must be there. What rsync sees is what is noticed: a file that was rewritten
with the same size and time, to the nanosecond, is not, but with --checksum.
A local path that holds a colon before its first slash is written ./a:b.
`,
  ),
]

/** What comes after the options: a section for each subject, the examples, the codes it can end with. @param programPath as cron needs it */
export function backupHelp(programPath: string): string {
  return afterHelp(
    ...SUBJECTS,
    section(
      'EXAMPLE',
      `
$ snapfs backup --repository /mnt/backup/snapfs --source ~/Documents --exclude '*.tmp'
Documents: snapshot 2026-11-22T14-30-00Z, complete, in 1.2 s
  1,204 files, 310 MB; new or changed: 3, 48 kB copied
  /mnt/backup/snapfs/Documents/2026-11-22T14-30-00Z

$ snapfs backup --dry-run
home: dry run, against 2026-11-22T14-30-00Z; nothing was written
  1,204 files, 310 MB; to be copied: 3, 48 kB
  unchanged: 1,201 files; free in the repository: 84.9 GB

$ snapfs backup --explain ~/Documents/notes.txt
home: /home/anna/Documents/notes.txt would be copied
  its modification time is another than in 2026-11-22T14-30-00Z
  its size is 1204 bytes, and was 1180

In a crontab, every 12 hours:
0 */12 * * * ${programPath} backup

The same, where somebody may be making a snapshot by hand:
0 */12 * * * ${programPath} backup --wait=2h
`,
    ),
    exitStatusText([
      ...ALWAYS,
      'SNAPSHOT_PARTIAL',
      ...REPOSITORY,
      'LOCKED',
      'SOURCE_REFUSED',
      'RSYNC_MISSING',
      'RSYNC_FAILED',
      'DESTINATION_FULL',
      'TIME_UP',
      'HANGUP',
      'INTERRUPTED',
      'TERMINATED',
    ]),
  )
}
