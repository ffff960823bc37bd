/**
 * snapfs as a library: the model of a series, for programs that want to read snapshots. Nothing here
 * writes, and nothing needs FUSE.
 */
export { readSeries, profilesIn, type SeriesReading } from './catalog/read-series.ts'
export { DiskCatalog } from './catalog/disk-catalog.ts'
export { foldHistory, type PathHistory, type Version } from './catalog/fold-history.ts'
export { EXIT_CODES } from './errors/exit-code.ts'
export type { Catalog } from './catalog/catalog.ts'
export type { Entry } from './model/entry.ts'
export type { Manifest } from './model/manifest.ts'
export type { Snapshot } from './model/snapshot.ts'
