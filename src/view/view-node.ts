/** Everything a path in the mount can be: a closed union, so that a new kind is an error everywhere. */
import type { VerifiedTime } from '../catalog/catalog.ts'
import type { DirectoryHistory, Version } from '../catalog/fold-history.ts'
import type { Entry } from '../model/entry.ts'
import type { EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SeriesView } from './series-view.ts'

export type ViewNode =
  | { readonly kind: 'root' }
  | { readonly kind: 'readme' }
  /** The directory of one profile, where several are mounted. */
  | { readonly kind: 'series'; readonly series: SeriesView }
  /** by-date, or a level of a nested date format in it. */
  | { readonly kind: 'dates'; readonly series: SeriesView; readonly prefix: EntryPath }
  | { readonly kind: 'latest'; readonly series: SeriesView }
  /** A link to the snapshot that the source equalled then. */
  | {
      readonly kind: 'verified'
      readonly series: SeriesView
      readonly time: VerifiedTime
      /** How many levels below by-date it lies. */
      readonly depth: number
    }
  /** by-file, or a directory of the source in it, as the union over all snapshots. */
  | {
      readonly kind: 'file-directory'
      readonly series: SeriesView
      readonly path: EntryPath
      readonly directory: DirectoryHistory | undefined
    }
  /** All versions of one path. */
  | {
      readonly kind: 'versions'
      readonly series: SeriesView
      readonly path: EntryPath
      readonly versions: readonly Version[]
    }
  /** An entry of a snapshot, reached by date or as a version. */
  | {
      readonly kind: 'stored'
      readonly series: SeriesView
      readonly snapshot: Snapshot
      readonly path: EntryPath
      readonly entry: Entry
    }
