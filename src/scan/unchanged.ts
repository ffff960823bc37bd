/**
 * What is unchanged for certain, on its way to being linked. A file with a single name is handed over with its
 * directory. Of one with several names it is known only at the end of the scan whether all of them are linked.
 */
import { type BytePath, joinPath } from '../model/entry-name.ts'
import { expectations, type LinkBlock, LINKS_LIMIT, writeExpected } from '../model/link-block.ts'
import type { Described, Evidence } from './evidence.ts'
import type { HardLinkGroups } from './hard-link-groups.ts'
import type { Link, RememberedTree, ScanRequest } from './source-scan.ts'
import type { EntryState } from './source-state.ts'
import { hasTwins, type SourceStatus } from './source-status.ts'
import { expectedOf, storedAsItWas } from './stored-entry.ts'

interface Named {
  readonly name: string
  readonly status: SourceStatus
}

export class Unchanged {
  /** How many are linked, sooner or later. */
  count = 0
  /** Of those that are compared all the same: what would have been linked. */
  readonly provenSame = new Set<string>()
  readonly #request: ScanRequest
  readonly #evidence: Evidence
  readonly #groups: HardLinkGroups
  readonly #postponed = new Set<string>()
  #gathered: Named[] = []

  constructor(request: ScanRequest, evidence: Evidence, groups: HardLinkGroups) {
    this.#request = request
    this.#evidence = evidence
    this.#groups = groups
  }

  /** Takes an entry that is what was stored, and says whether it did. */
  take(path: string, entry: Named & Described & { readonly was: EntryState | undefined }): boolean {
    const { status, was } = entry
    const { remembered, compareBy } = this.#request
    if (remembered === undefined || was === undefined) return false
    if (!this.#evidence.isUnchanged(entry, was, remembered.state.header)) return false
    if (compareBy === 'state' && !hasTwins(status)) {
      this.#gathered.push(entry)
      this.count += 1
      return true
    }
    const stored = storedAsItWas(joinPath(remembered.tree, path), status, this.#request.keeps)
    if (stored === undefined || stored.links >= LINKS_LIMIT) return false
    if (compareBy === 'content') {
      this.provenSame.add(path)
      return false
    }
    this.#groups.add(path, status, stored, 'linked')
    this.#postponed.add(path)
    this.count += 1
    return true
  }

  /** Hands over what was taken of a directory. @throws the operating system's error of what was handed over */
  pass(directory: string): void {
    const { remembered, linker } = this.#request
    if (this.#gathered.length === 0 || remembered === undefined) return
    linker.add(blockOf(directory, this.#gathered, remembered))
    this.#gathered = []
  }

  /** Leaves out what was to be linked, and goes another way. */
  revoke(path: string): void {
    this.#postponed.delete(path)
    this.count -= 1
  }

  *postponed(): Generator<Link> {
    const { remembered } = this.#request
    if (remembered === undefined) return
    for (const path of this.#postponed) yield { path, lies: joinPath(remembered.tree, path) }
  }
}

function blockOf(
  directory: string,
  entries: readonly Named[],
  { tree }: RememberedTree,
): LinkBlock {
  const expected = expectations(entries.length)
  for (const [index, { status }] of entries.entries()) {
    writeExpected(expected, index, expectedOf(status))
  }
  const lies: BytePath = directory === '' ? tree : joinPath(tree, directory)
  return { directory, names: entries.map(({ name }) => name), lies, expected }
}
