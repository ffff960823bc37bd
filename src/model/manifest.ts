/** The small record stored with a snapshot: when, from where, with what, and how it went. */
import * as v from 'valibot'
import { leaveOutSchema } from './leave-out.ts'

/** Complete: the source as it was. Partial: some of it could not be read; those paths are listed. */
export type Outcome = 'complete' | 'partial'

export const MANIFEST_FORMAT = 1

/** How many problems a manifest names; beyond that only their number is kept. */
export const PROBLEMS_LIMIT = 1000

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const problemSchema = v.object({
  /** `unreadable`: missing or incomplete. `vanished`: deleted while the backup ran. `changed`: stored, but
   * changed while the backup ran. `attribute`: stored, but an owner, ACL or xattr could not be. */
  kind: v.picklist(['unreadable', 'vanished', 'changed', 'attribute', 'other']),
  /** A sentence that names the path; rsync's own come in rsync's escaping. */
  message: v.string(),
})
export type Problem = v.InferOutput<typeof problemSchema>

/**
 * Whether all of the source was stored, each file as of the time it was read. What was deleted or changed
 * meanwhile is worth a note; it does not make a snapshot partial.
 */
export function outcomeOf(problems: readonly Problem[]): Outcome {
  return problems.every(({ kind }) => kind === 'vanished' || kind === 'changed')
    ? 'complete'
    : 'partial'
}

const countsSchema = v.object({
  /** Everything in the tree, its root included. */
  entries: count,
  files: count,
  directories: count,
  symlinks: count,
  specials: count,
  /** Sum of the sizes of all regular files. */
  totalBytes: count,
  /** Files whose data was copied for this snapshot, because they are new or changed. */
  changedFiles: count,
  changedBytes: count,
  /** Files copied within the repository since only their attributes changed. */
  attributeOnlyFiles: count,
  /** The attributes these had anew; one file may count under several. */
  attributeReasons: v.optional(
    v.object({ mode: count, owner: count, group: count, acl: count, xattrs: count }),
  ),
  /** Entries linked without being read, since they were certainly unchanged; of a remote source, all that are linked. */
  linkedEntries: v.optional(count),
  /** Entries that had another name before and are linked, with the content they were stored with. */
  movedEntries: v.optional(count),
  /** Of the files that are new since the last snapshot: those that an interrupted run had copied before. */
  resumedFiles: v.optional(count),
  resumedBytes: v.optional(count),
})
export type Counts = v.InferOutput<typeof countsSchema>

/** What a source lay on, as far as it can be known again. The form is that of decision 0021. */
const sourceDiskSchema = v.object({
  mountpoint: v.string(),
  /** Such as `ext4`. */
  type: v.string(),
  /** What was mounted, such as `/dev/sda1`; not a name for good. */
  mounted: v.string(),
  /** Inode number and birth of the root of the file system, where that is made once. */
  root: v.optional(v.string()),
  /** The same of the source itself. */
  directory: v.optional(v.string()),
})
export type SourceDisk = v.InferOutput<typeof sourceDiskSchema>

const manifestSchema = v.object({
  format: v.literal(MANIFEST_FORMAT),
  id: v.string(),
  /** Order within the series; clocks jump, this does not. */
  sequence: count,
  profile: v.string(),
  repositoryId: v.string(),
  source: v.object({
    /** As it was written; for a remote source without any secret. */
    path: v.string(),
    realPath: v.string(),
    /** The machine that holds it. */
    host: v.string(),
    /** How it was reached; absent: on this machine. */
    transport: v.optional(v.picklist(['ssh', 'daemon'])),
    device: v.optional(sourceDiskSchema),
  }),
  /** RFC 3339 in UTC with milliseconds. */
  startedAt: v.string(),
  finishedAt: v.string(),
  /** By a clock that does not jump. */
  durationMs: count,
  /** The IANA zone of the machine that made it. */
  timeZone: v.string(),
  outcome: v.picklist(['complete', 'partial']),
  rsync: v.object({ version: v.string(), exitCode: count }),
  /** How the tree was filled: with links of our own for what is certainly unchanged, or by rsync alone. */
  engine: v.optional(v.picklist(['scan', 'rsync'])),
  /** `content` when every byte of the source was read: in the first snapshot, and with --checksum. */
  comparedBy: v.optional(v.picklist(['content', 'state'])),
  /** Ids of the snapshots given to --link-dest, best first. */
  bases: v.array(v.string()),
  /** The filter rules in force, in rsync's language, in order. */
  filters: v.array(v.string()),
  /** What else was left out. */
  leaveOut: v.optional(leaveOutSchema),
  counts: countsSchema,
  /** `one`: what is mounted inside the source was left out. */
  fileSystems: v.optional(v.literal('one')),
  /** What a guard would have refused, had the user not accepted it. */
  accepted: v.optional(v.array(v.picklist(['shrink', 'disk']))),
  /** Sentences about the run for who reads this later. */
  remarks: v.optional(v.array(v.string())),
  /** How many problems there were, also those beyond the limit. */
  problemCount: count,
  problems: v.array(problemSchema),
  snapfsVersion: v.string(),
})
export type Manifest = v.InferOutput<typeof manifestSchema>

export function encodeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/** The manifest a text holds, or a sentence saying why it holds none. Never throws: the text is foreign. */
export function decodeManifest(text: string): Manifest | { readonly damage: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { damage: 'it is not JSON' }
  }
  const parsed = v.safeParse(manifestSchema, value)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  return { damage: `${v.getDotPath(issue) ?? 'the whole record'}: ${issue.message}` }
}
