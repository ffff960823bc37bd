/** The settings of a profile beside what is backed up, from the words of the configuration to values. */
import * as v from 'valibot'
import { BYTE_SIZE_EXAMPLES, parseByteSize } from '../model/byte-size.ts'
import { DURATION_EXAMPLES, parseDurationMs } from '../model/duration.ts'
import {
  INODE_FLOOR_EXAMPLES,
  parseInodeFloor,
  parseSpaceFloor,
  SPACE_FLOOR_EXAMPLES,
} from '../model/floor.ts'
import { MAX_SHRINK_EXAMPLES, parseMaxShrink } from '../model/max-shrink.ts'
import { objectionToRsyncOption } from '../model/rsync-option.ts'
import { leaveOutEntries, leaveOutOfTable } from './leave-out-entries.ts'
import { worded } from './worded.ts'
import { IO_CLASSES, type Profile, UNCHANGED_WAYS } from '../model/profile.ts'

const rsyncOptionSchema = v.pipe(
  v.string(),
  v.check(
    (word) => objectionToRsyncOption(word) === undefined,
    ({ input }) => `${JSON.stringify(input)} ${objectionToRsyncOption(input) ?? ''}`,
  ),
)

/** Of a table `[profile.NAME]`, beside what is backed up. */
export const settingsEntries = {
  max_shrink: v.optional(
    worded(parseMaxShrink, `a share of the source is written as ${MAX_SHRINK_EXAMPLES}`),
  ),
  min_free: v.optional(worded(parseSpaceFloor, `a floor is written as ${SPACE_FLOOR_EXAMPLES}`)),
  min_free_inodes: v.optional(
    worded(parseInodeFloor, `a floor is written as ${INODE_FLOOR_EXAMPLES}`),
  ),
  checksum_interval: v.optional(
    worded(parseDurationMs, `a duration is written as ${DURATION_EXAMPLES}`),
  ),
  stop_after: v.optional(worded(parseDurationMs, `a duration is written as ${DURATION_EXAMPLES}`)),
  bandwidth_limit: v.optional(
    worded(parseByteSize, `an amount of bytes a second is written as ${BYTE_SIZE_EXAMPLES}`),
  ),
  nice: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(19))),
  ionice: v.optional(v.picklist(IO_CLASSES)),
  on_unchanged: v.optional(v.picklist(UNCHANGED_WAYS)),
  ...leaveOutEntries,
  one_file_system: v.optional(v.boolean()),
  rsync_options: v.optional(v.array(rsyncOptionSchema)),
}

type Settings = v.InferOutput<v.ObjectSchema<typeof settingsEntries, undefined>>

type Chosen = Pick<
  Profile,
  | 'maxShrink'
  | 'onUnchanged'
  | 'floors'
  | 'checksumIntervalMs'
  | 'stopAfterMs'
  | 'bandwidth'
  | 'nice'
  | 'ionice'
  | 'fileSystems'
  | 'leaveOut'
  | 'rsyncOptions'
>

export function profileSettings(table: Settings): Chosen {
  const { max_shrink: maxShrink, min_free: bytes, min_free_inodes: inodes } = table
  const { on_unchanged: onUnchanged } = table
  const { checksum_interval: checksumIntervalMs, stop_after: stopAfterMs } = table
  const { bandwidth_limit: bandwidth, nice, ionice } = table
  const leaveOut = leaveOutOfTable(table)
  const floors = {
    ...(bytes === undefined ? {} : { bytes }),
    ...(inodes === undefined ? {} : { inodes }),
  }
  return {
    ...(maxShrink === undefined ? {} : { maxShrink }),
    ...(onUnchanged === undefined ? {} : { onUnchanged }),
    ...(bytes === undefined && inodes === undefined ? {} : { floors }),
    ...(checksumIntervalMs === undefined ? {} : { checksumIntervalMs }),
    ...(stopAfterMs === undefined ? {} : { stopAfterMs }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(nice === undefined ? {} : { nice }),
    ...(ionice === undefined ? {} : { ionice }),
    ...(leaveOut === undefined ? {} : { leaveOut }),
    ...(table.one_file_system === true ? { fileSystems: 'one' } : {}),
    ...(table.rsync_options === undefined ? {} : { rsyncOptions: table.rsync_options }),
  }
}
