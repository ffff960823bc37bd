/** A server over histories in memory, as it is without a mount. */
import type { Feature } from '../../src/fuse/kernel/agreement.ts'
import { KernelServer } from '../../src/fuse/kernel/kernel-server.ts'
import type { HeldEnd, PushedFile } from '../../src/fuse/kernel/thread-messages.ts'
import { ThreadsState } from '../../src/fuse/kernel/threads-state.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../src/view/default-template.ts'
import { SeriesView } from '../../src/view/series-view.ts'
import { SnapshotFileSystem } from '../../src/view/snapshot-file-system.ts'
import { parseTimeTemplate } from '../../src/view/time-template.ts'
import type { ViewNode } from '../../src/view/view-node.ts'
import { ENDLESS_PATIENCE } from '../../src/catalog/patience.ts'
import { fuseRequest, OFFERED_BY_LINUX_6_18 } from './fuse-requests.ts'
import type { MemoryCatalog } from './memory-catalog.ts'
import { ProtocolClient } from './protocol-subject.ts'

export interface ServedHistory {
  readonly server: KernelServer<ViewNode>
  readonly client: ProtocolClient
  readonly notices: Buffer[]
  readonly pushed: PushedFile[]
  /** Ends of listings that are left to whoever sends files. */
  readonly held: HeldEnd[]
  /** Whether there is somebody who sends, and whether he ends as soon as he is given something. */
  readonly pushing: { is: boolean; ends: boolean }
  /** Where what he is to answer is noted. */
  readonly state: ThreadsState
  /** Whether what the kernel is to be told waits to be told. */
  readonly telling: { is: boolean }
  /** Nodes that were asked for although they were to be sent. */
  readonly overtaken: number[]
  readonly reported: unknown[]
}

export function serveHistory(
  catalog: MemoryCatalog,
  zone: string,
  without: readonly Feature[] = [],
): ServedHistory {
  const manner = { patience: ENDLESS_PATIENCE, remembersPaths: false }
  const series = new SeriesView(catalog, parseTimeTemplate(DEFAULT_TEMPLATE_TEXT), zone, manner)
  const owner = { owner: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 }
  const view = new SnapshotFileSystem([series], owner, () => ({
    nowMs: Date.now(),
    timeZone: zone,
  }))
  const notices: Buffer[] = []
  const pushed: PushedFile[] = []
  const held: HeldEnd[] = []
  const pushing = { is: false, ends: false }
  const state = new ThreadsState(ThreadsState.memory())
  const telling = { is: false }
  const overtaken: number[] = []
  const reported: unknown[] = []
  const server = new KernelServer(
    view,
    {
      notify: (some) => notices.push(...some),
      push: (some) => {
        pushed.push(...some.files)
        if (some.held !== undefined) held.push(some.held)
        pushing.is &&= !pushing.ends
      },
      isPushing: () => pushing.is,
      reserve: () => state.reserve(),
      owe: (at, request) => state.owe(at, request),
      takeBackOwed: (place) => state.settle(place) !== undefined,
      isTelling: () => telling.is,
      overtaken: (id) => overtaken.push(id),
      elapsed: () => 0,
      report: (error) => reported.push(error),
    },
    { accessLists: false, passthrough: false, without, generation: 12_345 },
  ) as unknown as KernelServer<ViewNode>
  server.answer(fuseRequest(26, OFFERED_BY_LINUX_6_18))
  return {
    ...{ server, client: new ProtocolClient(server) },
    ...{ notices, pushed, held, pushing, state, telling, overtaken, reported },
  }
}
