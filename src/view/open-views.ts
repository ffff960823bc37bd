/** The view of a repository, from what can be told to another thread: it is made where it is served. */
import { DiskCatalog, type QuickWays } from '../catalog/disk-catalog.ts'
import type { Patience } from '../catalog/patience.ts'
import type { Owner } from './attributes.ts'
import { SeriesView } from './series-view.ts'
import { SnapshotFileSystem } from './snapshot-file-system.ts'
import { parseTimeTemplate } from './time-template.ts'

export interface ViewRecipe {
  readonly repository: string
  readonly profiles: readonly string[]
  readonly dateFormat: string
  /** The IANA time zone of the viewer. */
  readonly timeZone: string
  readonly owner: Owner
  /** How long one question may be looked into, in milliseconds. */
  readonly patienceMs: number
}

export interface ViewClock {
  /** Milliseconds since 1970. */
  now(): number
  readonly elapsed: Patience['elapsed']
}

export interface OpenedViews {
  readonly fileSystem: SnapshotFileSystem
  readonly series: readonly SeriesView[]
}

/**
 * @param asked whether the driver asks by path, so that a path has to stand for one file as long as it serves
 * @param quick ways past Node, where the driver has them
 * @throws the operating system's error when a series cannot be read
 */
export function openViews(
  recipe: ViewRecipe,
  clock: ViewClock,
  asked: 'by path' | 'by node',
  quick?: QuickWays,
): OpenedViews {
  const { repository, dateFormat, timeZone } = recipe
  const template = parseTimeTemplate(dateFormat)
  const patience = { elapsed: clock.elapsed, limitMs: recipe.patienceMs }
  const series = recipe.profiles.map(
    (profile) =>
      new SeriesView(new DiskCatalog({ repository, profile }, quick), template, timeZone, {
        patience,
        remembersPaths: asked === 'by path',
      }),
  )
  const fileSystem = new SnapshotFileSystem(series, recipe.owner, () => ({
    nowMs: clock.now(),
    timeZone,
  }))
  return { fileSystem, series }
}

/** Where the newest snapshot of a series was made of. */
export interface SourcePlace {
  readonly host: string
  readonly path: string
  readonly isRemote: boolean
}

/** By profile. */
export function sourcesOf({ series }: OpenedViews): Readonly<Record<string, SourcePlace>> {
  return Object.fromEntries(
    series.flatMap(({ catalog, profile }) => {
      const source = catalog.snapshots().at(-1)?.manifest.source
      if (source === undefined) return []
      const isRemote = source.transport !== undefined
      return [[profile, { host: source.host, path: source.realPath, isRemote }]]
    }),
  )
}
