/** Filling a tree with copies of everything, where the file system makes no more links to what is stored. */
import type { KeptAttributes } from '../model/link-block.ts'
import { LinkCrew } from '../repository/link-crew.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { fillByRsync } from './fill-by-rsync.ts'
import { fillByScan, type FillPlan } from './fill-by-scan.ts'
import { stateHeader } from './state-header.ts'
import type { CommonOptions, Filled, TreeTransfer } from './transfer.ts'

/** @param common without bases; the tree is empty */
export async function fillAnew(
  run: TreeTransfer,
  common: CommonOptions,
  scan: SourceScan,
  { keeps, fidelity }: { readonly keeps: KeptAttributes; readonly fidelity: string },
): Promise<Filled> {
  const nothing = { suspects: [], resumed: [], moves: [], provenSame: new Set<string>() }
  const { sizes, counts, undecided } = scan
  if (!scan.isThinned) {
    return fillByRsync(run, common, { ...nothing, sizes, counts, undecided })
  }
  // What the scan leaves out rsync does not know, so it gets a list.
  const plan: FillPlan = {
    ...{ ...nothing, sizes, counts, undecided: [] },
    ...{ linkCount: 0, linkedCount: 0, refused: [], refusal: undefined },
    ...{ directories: scan.directories, unreadable: scan.unreadable },
    copies: [...everyPath(scan, await stateHeader(run, scan, fidelity))],
    toLink: () => [],
    twinsOf: () => [],
  }
  const crew = new LinkCrew({ tree: run.staged.tree, keeps, worker: undefined })
  try {
    return await fillByScan(run, common, plan, crew)
  } finally {
    await crew.close()
  }
}

function* everyPath(
  { state }: SourceScan,
  header: Parameters<SourceScan['state']['read']>[0],
): Generator<string> {
  const read = state.read(header)
  for (const directory of read.directories()) {
    for (const name of read.entriesOf(directory)?.keys() ?? []) {
      yield directory === '' ? name : `${directory}/${name}`
    }
  }
}
