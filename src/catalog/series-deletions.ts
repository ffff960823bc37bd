/**
 * What existed and no longer does, a directory at a time. What counts as the present is the newest complete snapshot and
 * the partial ones after it: what a partial one lacks may be there and could not be read.
 */
import { LRUCache } from 'lru-cache'
import { systemErrorCode } from '../errors/system-error.ts'
import type { EntryKind } from '../model/entry.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Catalog, ListedName } from './catalog.ts'
import { ENDLESS_PATIENCE, type Patience, startWaiting } from './patience.ts'
import { absentIfClosed, type Roles, type SeriesHistory } from './series-history.ts'

/** What of a name no longer is what it was. */
export interface Deleted {
  /** `gone`: there is no such directory now. `inside`: there is, and something below it is gone. */
  readonly directory: 'gone' | 'inside' | undefined
  /** The last snapshot that has a file, link and so on of this name; undefined while there is one. */
  readonly lastSeen: Snapshot | undefined
}

interface Present {
  readonly isDirectory: boolean
  readonly isOther: boolean
}

const ABSENT: Present = { isDirectory: false, isOther: false }

const REMEMBERED_BYTES = 8 * 1024 * 1024
/** What a key takes in the cache, beside its characters. */
const REMEMBERED_ENTRY_BYTES = 120

type IsOver = () => boolean

/** `undecided`: nothing of what is in the directory itself is gone, and it was not looked at all that is below. */
type Answer = 'yes' | 'no' | 'undecided'

export class SeriesDeletions {
  readonly #catalog: Catalog
  readonly #history: SeriesHistory
  readonly #patience: Patience
  readonly #isInside = new LRUCache<string, Answer>({
    maxSize: REMEMBERED_BYTES,
    sizeCalculation: (_answer, key) => REMEMBERED_ENTRY_BYTES + key.length,
  })
  #generation: number

  constructor(catalog: Catalog, history: SeriesHistory, patience: Patience = ENDLESS_PATIENCE) {
    this.#catalog = catalog
    this.#history = history
    this.#patience = patience
    this.#generation = catalog.generation
  }

  /**
   * What is gone from a directory. Where there was no time to look below one that is still there, something is said to
   * be gone inside.
   */
  namesIn(path: EntryPath): ReadonlyMap<EntryName, Deleted> {
    const isOver = startWaiting(this.#patience)
    const deleted = new Map<EntryName, Deleted>()
    const present = this.#presentIn(path)
    if (present === undefined) return deleted
    for (const [name, roles] of this.#history.namesEver(path)) {
      const mayHaveInside = (): boolean => this.#hasInside([...path, name], isOver) !== 'no'
      const found = judge(roles, present.get(name) ?? ABSENT, mayHaveInside)
      if (found !== undefined) deleted.set(name, found)
    }
    return deleted
  }

  /**
   * The same for one name, but that any directory that is still there may have something gone inside: it was listed when
   * there was no time to look, and is still to be found when there was.
   */
  at(path: EntryPath, name: EntryName): Deleted | undefined {
    const roles = this.#history.rolesOf(path, name)
    if (roles === undefined) return undefined
    const child = [...path, name]
    const present = ofAll(this.#presentSnapshots(), (snapshot) => {
      const entry = this.#catalog.entryAt(snapshot, child)
      return entry === undefined ? [] : [{ name, kind: entry.kind }]
    })
    if (present === undefined) return undefined
    return judge(roles, present.get(name) ?? ABSENT, () => true)
  }

  /**
   * What is in a directory itself is looked at before what is below it: mostly the answer is near. Time is looked at
   * between directories.
   */
  #hasInside(path: EntryPath, isOver: IsOver): Answer {
    this.#forgetPastGeneration()
    const key = path.join('/')
    const known = this.#isInside.get(key)
    if (known === 'yes' || known === 'no') return known
    if (known === undefined && isOver()) return 'undecided'
    const present = this.#presentIn(path)
    const isAnyGone = known === undefined && present !== undefined && this.#isAnyGone(path, present)
    let answer: Answer = isAnyGone ? 'yes' : 'no'
    for (const [name, { isDirectory }] of present ?? []) {
      if (answer === 'yes') break
      if (!isDirectory) continue
      const below = this.#hasInside([...path, name], isOver)
      if (below !== 'no') answer = below
    }
    this.#isInside.set(key, answer)
    return answer
  }

  /** Mostly a directory holds the same as in the next snapshot, and then need not be looked through. */
  #isAnyGone(path: EntryPath, present: ReadonlyMap<EntryName, Present>): boolean {
    let next: readonly ListedName[] = []
    for (const snapshot of [...this.#catalog.snapshots()].reverse()) {
      const listed = absentIfClosed(() => this.#catalog.namesIn(snapshot, path)) ?? []
      if (listed === next) continue
      const isGone = listed.some(({ name, kind }, index) => {
        const same = next[index]
        if (same?.name === name && same.kind === kind) return false
        return !isStill(present.get(name), kind)
      })
      if (isGone) return true
      next = listed
    }
    return false
  }

  /** Undefined where this user may not look: then nothing is known to be gone. */
  #presentIn(path: EntryPath): ReadonlyMap<EntryName, Present> | undefined {
    return ofAll(this.#presentSnapshots(), (snapshot) => this.#catalog.namesIn(snapshot, path))
  }

  #presentSnapshots(): readonly Snapshot[] {
    const snapshots = this.#catalog.snapshots()
    const complete = snapshots.findLastIndex(({ manifest }) => manifest.outcome === 'complete')
    return snapshots.slice(complete === -1 ? -1 : complete)
  }

  #forgetPastGeneration(): void {
    const { generation } = this.#catalog
    if (generation === this.#generation) return
    this.#generation = generation
    this.#isInside.clear()
  }
}

function judge(
  roles: Roles,
  { isDirectory, isOther }: Present,
  mayHaveInside: () => boolean,
): Deleted | undefined {
  const lastSeen = isOther ? undefined : roles.lastVersioned
  let directory: Deleted['directory']
  if (roles.directory && !isDirectory) directory = 'gone'
  else if (isDirectory && mayHaveInside()) directory = 'inside'
  return directory === undefined && lastSeen === undefined ? undefined : { directory, lastSeen }
}

/** What names are in any of the snapshots; undefined where this user may not look into one. */
function ofAll(
  snapshots: readonly Snapshot[],
  listedIn: (snapshot: Snapshot) => readonly ListedName[] | undefined,
): ReadonlyMap<EntryName, Present> | undefined {
  const names = new Map<EntryName, Present>()
  for (const snapshot of snapshots) {
    try {
      for (const { name, kind } of listedIn(snapshot) ?? []) {
        const known = names.get(name)
        names.set(name, {
          isDirectory: kind === 'directory' || known?.isDirectory === true,
          isOther: kind !== 'directory' || known?.isOther === true,
        })
      }
    } catch (error) {
      if (systemErrorCode(error) === 'EACCES') return undefined
      throw error
    }
  }
  return names
}

function isStill(present: Present | undefined, kind: EntryKind): boolean {
  return kind === 'directory' ? present?.isDirectory === true : present?.isOther === true
}
