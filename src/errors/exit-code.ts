/**
 * Every way snapfs can end, in one table. Help texts and documentation are printed from it, so a
 * number never means two things. The numbers follow restic where the meaning is the same (1, 3, 10,
 * 11); 12 stays free because restic uses it for a wrong password.
 */
export const EXIT_CODES = [
  { name: 'DONE', exitCode: 0, meaning: 'done' },
  { name: 'DEFECT', exitCode: 1, meaning: 'a defect in snapfs; a stack trace was printed' },
  { name: 'USAGE', exitCode: 2, meaning: 'the command line or the configuration is wrong' },
  {
    name: 'SNAPSHOT_PARTIAL',
    exitCode: 3,
    meaning: 'a snapshot was made, but some source files could not be read; it is marked partial',
  },
  {
    name: 'REPOSITORY_NOT_FOUND',
    exitCode: 10,
    meaning: 'there is no repository at that place; is its disk mounted?',
  },
  { name: 'LOCKED', exitCode: 11, meaning: 'another snapfs is writing to the same series' },
  {
    name: 'REPOSITORY_UNUSABLE',
    exitCode: 13,
    meaning: 'the repository cannot be used: read-only, damaged, of a newer format, or unsuitable',
  },
  {
    name: 'SOURCE_REFUSED',
    exitCode: 14,
    meaning:
      'the source is missing, unreadable, not a directory, suddenly empty, much smaller or on another disk, or on a machine that cannot be reached',
  },
  {
    name: 'PRUNE_REFUSED',
    exitCode: 15,
    meaning: 'what is to be kept cannot be told, or the clock is in doubt; nothing was removed',
  },
  { name: 'RSYNC_MISSING', exitCode: 20, meaning: 'rsync is missing or too old' },
  {
    name: 'RSYNC_FAILED',
    exitCode: 21,
    meaning: 'rsync failed, or nothing moved any more; nothing was published',
  },
  {
    name: 'DESTINATION_FULL',
    exitCode: 22,
    meaning: 'the repository has no space or no inodes left; nothing was published',
  },
  {
    name: 'TIME_UP',
    exitCode: 23,
    meaning:
      'the time of --stop-after was over before the snapshot was whole; the next run goes on',
  },
  { name: 'FUSE_UNAVAILABLE', exitCode: 30, meaning: 'FUSE does not work here' },
  { name: 'MOUNT_FAILED', exitCode: 31, meaning: 'mounting or unmounting failed' },
  { name: 'HANGUP', exitCode: 129, meaning: 'ended by SIGHUP' },
  { name: 'INTERRUPTED', exitCode: 130, meaning: 'ended by SIGINT (Ctrl-C)' },
  {
    name: 'KILLED',
    exitCode: 137,
    meaning: 'the process that made the backup was killed, perhaps since memory ran out',
  },
  { name: 'TERMINATED', exitCode: 143, meaning: 'ended by SIGTERM' },
] as const

export type ExitName = (typeof EXIT_CODES)[number]['name']

/** The number a process ends with for this name. */
export function exitCodeOf(name: ExitName): number {
  const row = EXIT_CODES.find((candidate) => candidate.name === name)
  return row === undefined ? 1 : row.exitCode
}
