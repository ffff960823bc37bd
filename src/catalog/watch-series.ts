/**
 * Watches series for what is new or gone, for a process that has nothing else to do. Whatever changes the set of snapshots,
 * or records that a source was found unchanged, changes the directory of the series: it takes the lock there.
 */
import { type FSWatcher, watch } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { seriesDirectory, type SeriesPlace } from '../repository/layout.ts'

/** Publishing changes the directory several times. */
const SETTLE_MS = 10
/** Where the kernel tells nothing, as on network file systems. */
const LOOK_MS = 1000

/**
 * @param onNews there may be news; may be called when there is none
 * @returns to be called when nobody wants to know any more
 */
export function watchSeries(places: readonly SeriesPlace[], onNews: () => void): () => void {
  let settling: NodeJS.Timeout | undefined
  const settle = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined
      onNews()
    }, SETTLE_MS)
  }
  const directories = places.map((place) => seriesDirectory(place))
  const watchers = directories.flatMap((directory) => startWatching(directory, settle))
  const seen = new Map<string, string>()
  let isLooking = false
  const look = async (): Promise<void> => {
    // A disk that has gone to sleep answers late.
    if (isLooking) return
    isLooking = true
    for (const directory of directories) {
      const state = await stateOf(directory)
      const before = seen.get(directory)
      seen.set(directory, state)
      if (before !== undefined && before !== state) settle()
    }
    isLooking = false
  }
  const timer = setInterval(() => void look(), LOOK_MS)
  return () => {
    clearInterval(timer)
    clearTimeout(settling)
    for (const watcher of watchers) watcher.close()
  }
}

/** None where it cannot be watched: there is the timer. */
function startWatching(directory: string, onChange: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, onChange)
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}

async function stateOf(directory: string): Promise<string> {
  try {
    const { ino, mtimeNs, ctimeNs } = await lstat(directory, { bigint: true })
    return `${ino}:${mtimeNs}:${ctimeNs}`
  } catch {
    return 'gone'
  }
}
