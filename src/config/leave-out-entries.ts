/** What a profile leaves out beside what its patterns name, from the words of the configuration. */
import * as v from 'valibot'
import { BYTE_SIZE_EXAMPLES, parseByteSize } from '../model/byte-size.ts'
import { DEFAULT_LEAVE_OUT, type LeaveOut, objectionToMark } from '../model/leave-out.ts'
import { worded } from './worded.ts'

const markSchema = v.pipe(
  v.string(),
  v.check(
    (name) => objectionToMark(name) === undefined,
    ({ input }) => `the name of a mark ${objectionToMark(input) ?? ''}`,
  ),
)

/** Of a table `[profile.NAME]`. */
export const leaveOutEntries = {
  ignore_files: v.optional(v.boolean()),
  exclude_if_present: v.optional(v.array(markSchema)),
  exclude_caches: v.optional(v.boolean()),
  exclude_larger_than: v.optional(
    worded(parseByteSize, `an amount of bytes is written as ${BYTE_SIZE_EXAMPLES}`),
  ),
  exclude_nodump: v.optional(v.boolean()),
}

/** Undefined where nothing is said of it. */
export function leaveOutOfTable(
  table: v.InferOutput<v.ObjectSchema<typeof leaveOutEntries, undefined>>,
): LeaveOut | undefined {
  const { ignore_files: ignoreFiles, exclude_if_present: ifPresent } = table
  const { exclude_caches: caches, exclude_larger_than: largerThan } = table
  const said = {
    ...(ignoreFiles === undefined ? {} : { ignoreFiles }),
    ...(ifPresent === undefined ? {} : { ifPresent }),
    ...(caches === undefined ? {} : { caches }),
    ...(largerThan === undefined ? {} : { largerThan }),
    ...(table.exclude_nodump === undefined ? {} : { nodump: table.exclude_nodump }),
  }
  return Object.keys(said).length === 0 ? undefined : { ...DEFAULT_LEAVE_OUT, ...said }
}
