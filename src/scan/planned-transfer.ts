/** What of a source would be linked, compared and copied, by the scan alone. */
import { type BytePath, joinPath, printableName } from '../model/entry-name.ts'
import type { Problem } from '../model/manifest.ts'
import { lookQuietly } from './look.ts'
import type { ScanCounts, SourceScan } from './source-scan.ts'
import type { StateHeader } from './source-state.ts'
import { unreadableProblem } from './unreadable-problem.ts'

/** Regular files; one with several names counts once in the bytes. */
export interface Amount {
  readonly files: number
  readonly bytes: number
}

/**
 * `compare`: it looks unchanged and is not proven so; it is read, and copied if it differs. `move`: it had another name
 * before, and is linked.
 */
export type PlannedAction = 'new' | 'modified' | 'move' | 'compare' | 'resume'

export interface PlannedFile {
  /** Below the source, in a form that can be printed. */
  readonly path: string
  readonly action: PlannedAction
  readonly bytes: number
}

export interface PlannedTransfer {
  readonly counts: ScanCounts
  readonly copy: Amount
  readonly compare: Amount
  /** What had another name before; nothing of it is copied. */
  readonly move: Amount
  /** What an interrupted run has copied already. */
  readonly resume: Amount
  /** Each file by name, when that was asked for. */
  readonly files: readonly PlannedFile[]
  /** What can be seen without reading files. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

export interface Naming {
  readonly namesFiles: boolean
  /** The tree that tells what is new. */
  readonly basis: BytePath | undefined
}

/** Adds up what the scan has decided. @param header describes the devices of the scan */
export function listPlan(scan: SourceScan, header: StateHeader, naming: Naming): PlannedTransfer {
  const [copies, compared, resumed] = [scan.copies, scan.suspects, scan.resumed].map(
    (paths) => new Set(paths),
  )
  const moved = new Set(scan.moves.filter(({ proof }) => proof === 'state').map(({ path }) => path))
  const sums = { copy: new Sum(), compare: new Sum(), move: new Sum(), resume: new Sum() }
  const files: PlannedFile[] = []
  const problems = scan.unreadable.map(unreadableProblem)
  const state = scan.state.read(header)
  for (const directory of state.directories()) {
    for (const [name, entry] of state.entriesOf(directory) ?? []) {
      const path = directory === '' ? name : `${directory}/${name}`
      const what = copies?.has(path)
        ? 'copy'
        : compared?.has(path)
          ? 'compare'
          : resumed?.has(path)
            ? 'resume'
            : moved.has(path)
              ? 'move'
              : undefined
      if (what === undefined) continue
      const bytes = Number(entry.sizeBytes)
      const isFile = entry.kind === 'file'
      if (isFile) sums[what].add(bytes, `${entry.device}:${entry.inode}`)
      // That a symbolic link or a device is compared is nothing to wait for.
      if (!naming.namesFiles || (what !== 'copy' && !isFile)) continue
      const action = what === 'copy' ? newOrModified(path, naming) : what
      files.push({ path: printableName(path), action, bytes })
    }
  }
  return {
    counts: scan.counts,
    copy: sums.copy.amount,
    compare: sums.compare.amount,
    move: sums.move.amount,
    resume: sums.resume.amount,
    files,
    problems,
    problemCount: problems.length,
  }
}

/** The plan for a source that is proven to be what is stored. */
export function nothingToDo(counts: ScanCounts): PlannedTransfer {
  const none: Amount = { files: 0, bytes: 0 }
  const amounts = { copy: none, compare: none, move: none, resume: none }
  return { counts, ...amounts, files: [], problems: [], problemCount: 0 }
}

class Sum {
  amount: Amount = { files: 0, bytes: 0 }
  readonly #seen = new Set<string>()

  add(bytes: number, inode: string): void {
    const isAnotherName = this.#seen.has(inode)
    this.#seen.add(inode)
    const { files, bytes: before } = this.amount
    this.amount = { files: files + 1, bytes: before + (isAnotherName ? 0 : bytes) }
  }
}

function newOrModified(path: string, { basis }: Naming): 'new' | 'modified' {
  if (basis === undefined) return 'new'
  return lookQuietly(joinPath(basis, path)) === undefined ? 'new' : 'modified'
}
