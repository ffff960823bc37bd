/** `snapfs du` as text. */
import type { SpaceReport } from '../actions/space.ts'
import { printableName, printableText } from '../model/entry-name.ts'
import { bytesText, countOf, countText } from '../model/figures.ts'
import { localTimeText } from '../model/local-time.ts'
import { alignColumns } from './align-columns.ts'
import { growthChart } from './growth-chart.ts'

const HEADINGS = ['TIME', 'NAMES', 'SIZE', 'SHARED', 'ALONE', 'ADDED', ''] as const
/** Columns of numbers. */
const RIGHT_ALIGNED = new Set([1, 2, 3, 4, 5])

/** Each snapshot, the sums, how it grew and where. */
export function spaceLines(report: SpaceReport, zone: string): string[] {
  const { profile, repository, snapshots, removing } = report
  const title = `${profile}  ${printableText(repository)}/${profile}`
  if (snapshots.length === 0) return [title, '  no snapshots yet']
  const asked = new Set<string>(removing?.ids)
  const rows = snapshots.map((snapshot) => [
    localTimeText(snapshot.timeMs, zone),
    countText(snapshot.names),
    bytesText(snapshot.totalBytes),
    bytesText(snapshot.sharedBytes),
    bytesText(snapshot.aloneBytes),
    bytesText(snapshot.addedBytes),
    asked.has(snapshot.id) ? 'removed?' : '',
  ])
  return [
    title,
    ...alignColumns([HEADINGS, ...rows], RIGHT_ALIGNED).map((line) => `  ${line}`),
    ...sumLines(report).map((line) => `  ${line}`),
    ...growthLines(report, zone),
    ...growerLines(report),
  ]
}

function sumLines({
  snapshots,
  totalBytes,
  elsewhereBytes,
  removing,
}: SpaceReport): readonly string[] {
  const apart = snapshots.reduce((sum, snapshot) => sum + snapshot.totalBytes, 0)
  return [
    `${countOf(snapshots.length, 'snapshot')} on ${bytesText(totalBytes)}; as copies they would take ${bytesText(apart)}`,
    ...(elsewhereBytes === 0
      ? []
      : [`${bytesText(elsewhereBytes)} of it has names outside of these snapshots as well`]),
    ...(removing === undefined
      ? []
      : [
          `removing the ${countOf(removing.ids.length, 'snapshot')} asked for would free ${bytesText(removing.freedBytes)}`,
        ]),
  ]
}

function growthLines({ snapshots }: SpaceReport, zone: string): readonly string[] {
  let bytes = 0
  const points = snapshots.map(({ timeMs, addedBytes }) => {
    bytes += addedBytes
    return { atMs: timeMs, bytes }
  })
  const chart = growthChart(points, zone)
  return chart.length === 0 ? [] : ['', '  growth', ...chart.map((line) => `  ${line}`)]
}

/** All that came after the oldest: what the source brought, and what a snapshot takes whatever is in it. */
function growerLines({ growers, snapshots }: SpaceReport): readonly string[] {
  const came = snapshots.slice(1).reduce((sum, { addedBytes }) => sum + addedBytes, 0)
  const own = came - growers.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = growers.map(({ path, isDirectory, bytes, versions }) => ({
    bytes,
    cells: [
      countOf(versions, 'version'),
      path === '' ? 'all else' : `${printableName(path)}${isDirectory ? '/' : ''}`,
    ],
  }))
  if (own > 0)
    rows.push({
      bytes: own,
      cells: ['', 'directories, manifests and logs of the snapshots themselves'],
    })
  if (rows.length === 0) return []
  const sorted = rows.toSorted((one, other) => other.bytes - one.bytes)
  const lines = alignColumns(
    sorted.map(({ bytes, cells }) => [bytesText(bytes), ...cells]),
    new Set([0, 1]),
  )
  return ['', '  where it grew since the oldest', ...lines.map((line) => `  ${line}`)]
}
