/** One series as both views need it: its catalog, its histories, and the names of its snapshots. */
import { DEFAULT_TEMPLATE_TEXT } from './default-template.ts'
import { CachedCatalog } from '../catalog/cached-catalog.ts'
import type { Catalog, VerifiedTime } from '../catalog/catalog.ts'
import { ENDLESS_PATIENCE, type Patience } from '../catalog/patience.ts'
import { SeriesChanges } from '../catalog/series-changes.ts'
import { SeriesDeletions } from '../catalog/series-deletions.ts'
import { SeriesHistory } from '../catalog/series-history.ts'
import { type EntryName, type EntryPath, nameFromText } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { ToldFiles } from './told-files.ts'
import {
  parseTimeTemplate,
  renderTime,
  renderTimeName,
  type TimeTemplate,
} from './time-template.ts'

/** What has a name in by-date beside levels. */
export type Dated =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'verified'; readonly time: VerifiedTime }

/** A level of by-date: more levels, or what is there by its time. */
export interface DateLevel {
  readonly levels: ReadonlyMap<EntryName, DateLevel>
  readonly dated: ReadonlyMap<EntryName, Dated>
}

interface MutableLevel extends DateLevel {
  readonly levels: Map<EntryName, MutableLevel>
  readonly dated: Map<EntryName, Dated>
}

/** To write the names of a thousand snapshots takes a tenth of a second, so it waits until somebody asks for them. */
interface Names {
  readonly generation: number
  top: DateLevel | undefined
  /** The time in a version's name, by snapshot. */
  readonly times: Map<Snapshot, EntryName>
}

const VERSION_TEMPLATE = parseTimeTemplate(DEFAULT_TEMPLATE_TEXT)

export const BY_DATE = nameFromText('by-date')
export const BY_FILE = nameFromText('by-file')
export const CHANGES = nameFromText('changes')
export const DELETED = nameFromText('deleted')

export interface ViewManner {
  /** With questions that take a walk through whole trees. */
  readonly patience: Patience
  /** Whether whoever asks takes what he knows of a path for what is there. */
  readonly remembersPaths: boolean
}

export class SeriesView {
  readonly catalog: Catalog
  readonly history: SeriesHistory
  readonly changes: SeriesChanges
  readonly deletions: SeriesDeletions
  /** Undefined where a path may come to stand for another file. */
  readonly told: ToldFiles | undefined
  readonly #template: TimeTemplate
  readonly #zone: string
  #names: Names | undefined

  /**
   * @param stored the catalog of what is on the disk
   * @param zone of the viewer
   */
  constructor(
    stored: Catalog,
    template: TimeTemplate,
    zone: string,
    { patience, remembersPaths }: ViewManner = {
      patience: ENDLESS_PATIENCE,
      remembersPaths: true,
    },
  ) {
    this.told = remembersPaths ? new ToldFiles() : undefined
    // Whoever asks by node remembers himself what he was told.
    this.catalog = remembersPaths ? new CachedCatalog(stored) : stored
    // These walk through whole trees, and remember what came of it. In the cache of single entries they would only push
    // out the rest.
    this.history = new SeriesHistory(stored)
    this.changes = new SeriesChanges(stored, patience)
    this.deletions = new SeriesDeletions(stored, this.history, patience)
    this.#template = template
    this.#zone = zone
  }

  get profile(): string {
    return this.catalog.profile
  }

  dateLevel(prefix: EntryPath): DateLevel | undefined {
    const names = this.#current()
    names.top ??= this.#topOfDates()
    let level: DateLevel | undefined = names.top
    for (const name of prefix) level = level?.levels.get(name)
    return level
  }

  /** How a version that was first seen in a snapshot is told from the others. */
  timeOf(snapshot: Snapshot): EntryName {
    const { times } = this.#current()
    const known = times.get(snapshot)
    if (known !== undefined) return known
    const time = renderTimeName(VERSION_TEMPLATE, epochMsOf(snapshot.id), this.#zone)
    times.set(snapshot, time)
    return time
  }

  /** The path of the newest snapshot below by-date; undefined when there is none. */
  latest(): EntryPath | undefined {
    const newest = this.catalog.snapshots().at(-1)
    return newest === undefined ? undefined : this.pathOf(newest)
  }

  /** The path of a snapshot below by-date. */
  pathOf(snapshot: Snapshot): EntryPath {
    return renderTime(this.#template, epochMsOf(snapshot.id), this.#zone)
  }

  /** When the newest time was made: the modification time of directories only a view has. */
  newestNs(): bigint {
    const newest = [this.catalog.snapshots().at(-1), this.catalog.verifiedTimes().at(-1)]
    const times = newest.flatMap((one) => (one === undefined ? [] : [epochMsOf(one.id)]))
    return BigInt(Math.max(0, ...times)) * 1_000_000n
  }

  #current(): Names {
    const { generation } = this.catalog
    if (this.#names?.generation !== generation) {
      this.#names = { generation, top: undefined, times: new Map() }
    }
    return this.#names
  }

  #topOfDates(): DateLevel {
    const top: MutableLevel = { levels: new Map(), dated: new Map() }
    for (const snapshot of this.catalog.snapshots()) {
      place(top, this.pathOf(snapshot), { kind: 'snapshot', snapshot })
    }
    for (const time of this.catalog.verifiedTimes()) {
      const path = renderTime(this.#template, epochMsOf(time.id), this.#zone)
      place(top, path, { kind: 'verified', time })
    }
    return top
  }
}

/** Should another program have given a snapshot a time that is taken, the snapshot has it. */
function place(top: MutableLevel, path: EntryPath, dated: Dated): void {
  let level = top
  const last = path.length - 1
  path.forEach((name, depth) => {
    if (depth === last) {
      if (!level.dated.has(name)) level.dated.set(name, dated)
      return
    }
    const next: MutableLevel = level.levels.get(name) ?? { levels: new Map(), dated: new Map() }
    level.levels.set(name, next)
    level = next
  })
}
