/** What a backup of a remote source would copy: rsync says it, comparing all and writing nothing. */
import type { RemoteAccess } from '../model/remote-access.ts'
import type { RemoteLocation } from '../model/source-location.ts'
import { incomingDirectory, treeDirectory } from '../repository/layout.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { emptySummary } from '../rsync/transfer-summary.ts'
import type { PlannedFile, PlannedTransfer } from '../scan/planned-transfer.ts'
import { chooseBases } from './choose-bases.ts'
import { type RemoteTask, remoteRequest } from './remote-request.ts'
import { knownOf, runPass } from './run-pass.ts'
import type { TreeTransfer } from './transfer.ts'

/**
 * Of the interrupted runs all is held against the source, also what was not on the disk for certain and would be
 * copied again; that is at most the work of a minute.
 * @throws SnapfsError when rsync failed, or a signal ended it
 */
export async function planRemoteTransfer(
  task: RemoteTask & Pick<TreeTransfer, 'snapshots' | 'leftovers' | 'signal' | 'progress'>,
  location: RemoteLocation,
  { access, namesFiles }: { readonly access: RemoteAccess; readonly namesFiles: boolean },
): Promise<PlannedTransfer> {
  const { place, rsync, signal, progress } = task
  const summary = emptySummary()
  const files: PlannedFile[] = []
  // Neither is made: a dry run is content with a destination that is not there, and with a log that is not kept.
  const nowhere = `${incomingDirectory(place)}/dry-run`
  const pass = await runPass({
    request: {
      ...remoteRequest(task, location, access, {
        destination: nowhere,
        bases: [
          ...task.leftovers.flatMap(({ trees }) => trees),
          ...chooseBases(task.snapshots).map(({ id }) => treeDirectory(place, id)),
        ],
        keeps: { nanoseconds: true, xattrs: rsync.xattrs },
      }),
      dryRun: true,
    },
    signal,
    log: new RsyncLog(nowhere),
    summary,
    counts: 'changes and totals',
    onProgress: (line) =>
      progress.copied(line.checkedEntries, knownOf(line), line.transferredBytes),
    onCopied: ({ name, code, sizeBytes }) => {
      if (!namesFiles) return
      files.push({ path: name, action: code.includes('+') ? 'new' : 'modified', bytes: sizeBytes })
    },
  })
  if (pass.kind === 'too-many-links') throw new Error(`nothing was linked, yet: ${pass.message}`)
  const { changedFiles, changedBytes, attributeOnlyFiles, ...counts } = summary
  const nothing = { files: 0, bytes: 0 }
  return {
    counts,
    copy: { files: changedFiles + attributeOnlyFiles, bytes: changedBytes },
    ...{ compare: nothing, move: nothing, resume: nothing },
    files,
    problems: pass.problems,
    problemCount: pass.problemCount,
  }
}
