/** What a backup leaves out beside what exclude patterns name. */
import * as v from 'valibot'

export const leaveOutSchema = v.object({
  /** Whether a file called .snapfsignore leaves out what its patterns match in its directory and below. */
  ignoreFiles: v.boolean(),
  /** A directory that holds one of these names is stored with nothing else in it. */
  ifPresent: v.array(v.string()),
  /** The same of a directory with a CACHEDIR.TAG. */
  caches: v.boolean(),
  /** Regular files of more bytes are left out. */
  largerThan: v.optional(v.number()),
  /** Whether what has the attribute `d` of chattr(1) is left out. */
  nodump: v.boolean(),
})

export type LeaveOut = Readonly<v.InferOutput<typeof leaveOutSchema>>

export const DEFAULT_LEAVE_OUT: LeaveOut = {
  ignoreFiles: true,
  ifPresent: [],
  caches: false,
  nodump: false,
}

/** Why a name cannot mark a directory; the end of a sentence that begins with "the name of a mark". */
export function objectionToMark(name: string): string | undefined {
  const isOneName = name !== '' && name !== '.' && name !== '..' && !/[/\0]/u.test(name)
  return isOneName ? undefined : 'is that of one file, without a slash'
}

/** What of it only the scan of a local source can tell, in the words of the configuration. */
export function onlyOfLocalSources(leaveOut: LeaveOut): readonly string[] {
  return [
    ...(leaveOut.ifPresent.length > 0 ? ['exclude_if_present'] : []),
    ...(leaveOut.caches ? ['exclude_caches'] : []),
    ...(leaveOut.largerThan === undefined ? [] : ['exclude_larger_than']),
    ...(leaveOut.nodump ? ['exclude_nodump'] : []),
  ]
}
