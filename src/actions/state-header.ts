/** What stands above a remembered state: whose it is, and what it may be believed for. */
import type { StagedSnapshot } from '../repository/staged-snapshot.ts'
import { thisMachine } from '../repository/this-machine.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import type { StateHeader } from '../scan/source-state.ts'

/** The header of a state of which everything was stored. @param fidelity what was copied with the content */
export async function stateHeader(
  run: { readonly staged: Pick<StagedSnapshot, 'id'>; readonly startedMs: number },
  scan: SourceScan,
  fidelity: string,
): Promise<StateHeader> {
  return {
    ...(await thisMachine()),
    snapshot: run.staged.id,
    startedAt: new Date(run.startedMs).toISOString(),
    scannedMs: run.startedMs,
    fidelity,
    devices: [...scan.devices.all()],
    missing: [],
    directories: scan.state.directories.trail(),
  }
}
