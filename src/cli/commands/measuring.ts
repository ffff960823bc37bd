/** How the size of snapshots is counted for a command: where that is remembered, and how far it is. */
import type { Measuring } from '../../actions/measure-space.ts'
import type { Context } from '../context.ts'
import type { Bar } from './each-profile.ts'

export function measuringFor(context: Context, bar: Bar): Measuring {
  return {
    signal: context.signal,
    onProgress: ({ snapshots, of, names }) =>
      bar.show?.({
        ...{ step: 'scan', entries: names, knownEntries: undefined, bytes: 0 },
        share: of === 0 ? undefined : snapshots / of,
      }),
  }
}
