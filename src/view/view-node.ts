/** Everything a path in the mount can be: a closed union, so that a new kind is an error everywhere. */
import type { DirectoryHistory } from '../catalog/fold-history.ts'
import type { Change } from '../catalog/series-changes.ts'
import type { Entry } from '../model/entry.ts'
import type { EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SeriesView } from './series-view.ts'

export type ViewNode =
  | { readonly kind: 'root' }
  | { readonly kind: 'readme' }
  | LinkNode
  /** The directory of one profile, where several are mounted. */
  | { readonly kind: 'series'; readonly series: SeriesView }
  /** by-date or changes, or a level of a nested date format in it. */
  | {
      readonly kind: 'dates'
      readonly series: SeriesView
      readonly of: DatedView
      readonly prefix: EntryPath
    }
  /** by-file, or a directory of the source in it, as the union over all snapshots. */
  | {
      readonly kind: 'file-directory'
      readonly series: SeriesView
      readonly path: EntryPath
      readonly directory: DirectoryHistory | undefined
    }
  /** All versions of one path. They are looked for when they are asked for: a listing shows many such directories. */
  | {
      readonly kind: 'versions'
      readonly series: SeriesView
      readonly path: EntryPath
      /** The last snapshot that has one. */
      readonly last: Snapshot
    }
  /** What a snapshot changed: the directory of the three kinds of changes. */
  | { readonly kind: 'snapshot-changes'; readonly series: SeriesView; readonly snapshot: Snapshot }
  /** What was changed in one way, in one directory of the source. */
  | ChangedNode
  /** What is gone from a directory of the source. */
  | {
      readonly kind: 'deleted'
      readonly series: SeriesView
      readonly path: EntryPath
      readonly directory: DirectoryHistory | undefined
    }
  /** Snapshots under the names that Windows asks for. */
  | { readonly kind: 'windows'; readonly series: SeriesView }
  | StoredNode

export type DatedView = 'by-date' | 'changes'

export interface ChangedNode {
  readonly kind: 'changed'
  readonly series: SeriesView
  readonly snapshot: Snapshot
  readonly change: Change
  readonly path: EntryPath
  /** The directory it stands for. */
  readonly entry: Entry
}

/** A symbolic link that only the view has. */
export interface LinkNode {
  readonly kind: 'link'
  /** No other has it, and it stays the same over remounts. */
  readonly key: string
  /** Bytes as characters. */
  readonly target: string
  readonly modifiedNs: bigint
  /** Whether it leads elsewhere as time goes by, though nothing else changes. */
  readonly isPassing: boolean
}

/** An entry of a snapshot, reached by date, as a version or otherwise. */
export interface StoredNode {
  readonly kind: 'stored'
  readonly series: SeriesView
  readonly snapshot: Snapshot
  readonly path: EntryPath
  readonly entry: Entry
  /** What its directories are numbered by: each is in the view once for every way to it. */
  readonly way: string
}
