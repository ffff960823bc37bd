/** The virtual file system of a mount: which node is where, and what each one answers. */
import type { ReadHandle, Space } from '../catalog/catalog.ts'
import { type BytePath, type EntryName, nameFromText } from '../model/entry-name.ts'
import type { Moment } from '../model/local-time.ts'
import { type AskedIn, historyLink, lookupAlias } from './aliases.ts'
import { NodeAttributeReader, type Owner, README_INODE, seriesInode } from './attributes.ts'
import { DATE_WAY, dateLevelInode, listDates, lookupDate } from './by-date.ts'
import {
  fileDirectoryInode,
  fileRoot,
  listFiles,
  listVersions,
  lookupFile,
  lookupVersion,
} from './by-file.ts'
import { listChanged, listChanges, lookupChange, lookupChanged } from './changes.ts'
import { deletedInode, deletedRoot, listDeleted, lookupDeleted } from './deleted.ts'
import { factOf } from './facts.ts'
import { identityOf, isSameNode } from './identity.ts'
import { attributesLast, listingLasts, nameLasts } from './lasting.ts'
import { shownInPassing } from './passing.ts'
import { recallStored } from './recall.ts'
import { mountReadme } from './readme-text.ts'
import { BY_DATE, BY_FILE, CHANGES, DELETED, type SeriesView } from './series-view.ts'
import { listStored, storedNode } from './stored.ts'
import type { DatedView, StoredNode, ViewNode } from './view-node.ts'
import type {
  Lasting,
  ListedNode,
  NodeAttributes,
  NodeIdentity,
  VirtualFileSystem,
} from './virtual-file-system.ts'
import { listTokens, lookupToken, WINDOWS } from './windows.ts'

const README = nameFromText('README.txt')

export class SnapshotFileSystem implements VirtualFileSystem<ViewNode> {
  readonly root: ViewNode = { kind: 'root' }
  readonly #series: readonly SeriesView[]
  readonly #now: () => Moment
  readonly #readme = Buffer.from(mountReadme())
  readonly #attributes: NodeAttributeReader

  /**
   * @param series at least one; a single one is the root itself
   * @param owner of what only the view has
   * @param now when and where somebody asks
   */
  constructor(series: readonly SeriesView[], owner: Owner, now: () => Moment) {
    this.#series = series
    this.#now = now
    this.#attributes = new NodeAttributeReader(series, owner, this.#readme.length)
  }

  refresh(): number {
    // Each part only grows, so the sum changes whenever one of them does.
    return this.#series.reduce((sum, { catalog }) => {
      catalog.refresh()
      return sum + catalog.generation
    }, 0)
  }

  lookup(parent: ViewNode, name: EntryName): ViewNode | undefined {
    switch (parent.kind) {
      case 'root': {
        if (name === README) return { kind: 'readme' }
        const only = this.#onlySeries()
        if (only !== undefined) return lookupView(only, name)
        const series = this.#series.find((candidate) => nameFromText(candidate.profile) === name)
        return series === undefined ? undefined : { kind: 'series', series }
      }
      case 'series':
        return lookupView(parent.series, name)
      case 'dates':
        return lookupDate(parent.series, parent.of, parent.prefix, name)
      case 'file-directory':
        return (
          lookupFile(parent.series, parent.path, name) ??
          lookupAlias(askedIn(parent, BY_FILE), name, this.#now())
        )
      case 'versions':
        return lookupVersion(parent.series, parent.path, name)
      case 'snapshot-changes':
        return lookupChange(parent.series, parent.snapshot, name)
      case 'changed':
        return lookupChanged(parent, name)
      case 'deleted':
        return (
          lookupDeleted(parent.series, parent.path, name) ??
          lookupAlias(askedIn(parent, DELETED), name, this.#now())
        )
      case 'windows':
        return lookupToken(parent.series, name)
      case 'stored':
        return this.#lookupStored(parent, name)
      case 'readme':
      case 'link':
        return undefined
    }
  }

  isPassing(node: ViewNode): boolean {
    return node.kind === 'link' && node.isPassing
  }

  identity(node: ViewNode): NodeIdentity {
    return identityOf(node, this.#attributes)
  }

  nameLasts(parent: ViewNode, name: EntryName, found: ViewNode | undefined): Lasting {
    return nameLasts(parent, name, found)
  }

  listingLasts(node: ViewNode): Lasting {
    return listingLasts(node)
  }

  attributesLast(node: ViewNode): Lasting {
    return attributesLast(node)
  }

  names(node: ViewNode): readonly EntryName[] | undefined {
    if (node.kind !== 'stored') return this.list(node)?.map(({ name }) => name)
    if (node.entry.kind !== 'directory') return undefined
    return node.series.catalog.bareNamesIn(node.snapshot, node.path)
  }

  recall(parent: ViewNode, name: EntryName, identity: NodeIdentity): ViewNode | undefined {
    const found = this.lookup(parent, name)
    if (found !== undefined && isSameNode(this.identity(found), identity)) return found
    return recallStored(parent, name, identity)
  }

  plainPlace(node: ViewNode): BytePath | undefined {
    // Asked by path, a name may stand for a link.
    if (node.kind !== 'stored' || node.series.told !== undefined) return undefined
    return node.entry.kind === 'directory' ? this.storedPlace(node) : undefined
  }

  isThere(node: ViewNode): boolean {
    if (node.kind !== 'stored') return true
    return node.series.catalog.snapshots().some(({ id }) => id === node.snapshot.id)
  }

  storedPlace(node: ViewNode): BytePath | undefined {
    if (node.kind !== 'stored') return undefined
    return node.series.catalog.storedPlace(node.snapshot, node.path)
  }

  list(node: ViewNode): readonly ListedNode[] | undefined {
    switch (node.kind) {
      case 'root': {
        const only = this.#onlySeries()
        const readme: ListedNode = { name: README, kind: 'file', inode: README_INODE }
        if (only !== undefined) return [readme, ...listViews(only)]
        return [
          readme,
          ...this.#series.map((series) => ({
            name: nameFromText(series.profile),
            kind: 'directory' as const,
            inode: seriesInode(series),
          })),
        ]
      }
      case 'series':
        return listViews(node.series)
      case 'dates':
        return listDates(node.series, node.of, node.prefix)
      case 'file-directory':
        return listFiles(node.series, node.path)
      case 'versions':
        return listVersions(node.series, node.path)
      case 'snapshot-changes':
        return listChanges(node.series, node.snapshot)
      case 'changed':
        return listChanged(node)
      case 'deleted':
        return listDeleted(node.series, node.path)
      case 'windows':
        return listTokens(node.series)
      case 'stored':
        return node.entry.kind === 'directory' ? listStored(node) : undefined
      case 'readme':
      case 'link':
        return undefined
    }
  }

  attributes(node: ViewNode): NodeAttributes {
    return this.#attributes.of(node)
  }

  birthNs(node: ViewNode): bigint {
    return node.kind === 'stored' ? node.entry.birthNs : 0n
  }

  open(node: ViewNode): ReadHandle | undefined {
    if (node.kind === 'readme') return new TextHandle(this.#readme)
    if (node.kind !== 'stored' || node.entry.kind !== 'file') return undefined
    return node.series.catalog.open(node.snapshot, node.path, node.entry)
  }

  linkTarget(node: ViewNode): string | undefined {
    if (node.kind === 'link') return node.target
    if (node.kind !== 'stored' || node.entry.kind !== 'symlink') return undefined
    return node.series.catalog.linkTarget(node.snapshot, node.path)
  }

  extendedAttribute(node: ViewNode, name: string): string | undefined {
    return factOf(node, name)
  }

  space(): Space {
    const series = this.#series[0]
    return series === undefined ? NO_SPACE : series.catalog.space()
  }

  /** What is stored has its name; what only can be asked for comes after it. */
  #lookupStored(parent: StoredNode, name: EntryName): ViewNode | undefined {
    const { series, snapshot, path, entry, way } = parent
    if (entry.kind !== 'directory') return undefined
    const stored = storedNode(series, snapshot, [...path, name], way)
    if (stored !== undefined) return shownInPassing(stored, 'looked up')
    if (way !== DATE_WAY) return undefined
    const place = [BY_DATE, ...series.pathOf(snapshot), ...path]
    const asked = { series, path, place, snapshot }
    return historyLink(asked, name) ?? lookupAlias(asked, name, this.#now())
  }

  #onlySeries(): SeriesView | undefined {
    return this.#series.length === 1 ? this.#series[0] : undefined
  }
}

function lookupView(series: SeriesView, name: EntryName): ViewNode | undefined {
  switch (name) {
    case BY_DATE:
      return { kind: 'dates', series, of: 'by-date', prefix: [] }
    case BY_FILE:
      return fileRoot(series)
    case CHANGES:
      return { kind: 'dates', series, of: 'changes', prefix: [] }
    case DELETED:
      return deletedRoot(series)
    case WINDOWS:
      return { kind: 'windows', series }
    default:
      return undefined
  }
}

function listViews(series: SeriesView): ListedNode[] {
  const dates = (of: DatedView): bigint => dateLevelInode(series, of, [])
  return [
    { name: BY_DATE, kind: 'directory', inode: dates('by-date') },
    { name: BY_FILE, kind: 'directory', inode: fileDirectoryInode(series, []) },
    { name: CHANGES, kind: 'directory', inode: dates('changes') },
    { name: DELETED, kind: 'directory', inode: deletedInode(series, []) },
  ]
}

function askedIn(
  { series, path }: Extract<ViewNode, { readonly kind: 'file-directory' | 'deleted' }>,
  view: EntryName,
): AskedIn {
  return { series, path, place: [view, ...path], snapshot: undefined }
}

const NO_SPACE: Space = {
  blockBytes: 4096,
  blocks: 0,
  freeBlocks: 0,
  availableBlocks: 0,
  inodes: 0,
  freeInodes: 0,
}

class TextHandle implements ReadHandle {
  readonly #text: Buffer

  constructor(text: Buffer) {
    this.#text = text
  }

  read(buffer: Uint8Array, offsetBytes: number): number {
    if (offsetBytes >= this.#text.length) return 0
    return this.#text.copy(buffer, 0, offsetBytes)
  }

  close(): void {
    // Nothing is held.
  }
}
