/** The virtual file system of a mount: which node is where, and what each one answers. */
import type { ReadHandle, Space } from '../catalog/catalog.ts'
import type { DirectoryHistory } from '../catalog/fold-history.ts'
import type { EntryKind } from '../model/entry.ts'
import { type EntryName, nameFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import {
  dateLevelInode,
  latestInode,
  listDates,
  listStored,
  lookupDate,
  storedNode,
  verifiedInode,
  verifiedTarget,
} from './by-date.ts'
import {
  fileDirectoryInode,
  fileRoot,
  listFiles,
  listVersions,
  lookupFile,
  lookupVersion,
  versionsInode,
} from './by-file.ts'
import { storedInode, syntheticInode } from './inode-number.ts'
import { mountReadme } from './readme-text.ts'
import type { SeriesView } from './series-view.ts'
import type { ViewNode } from './view-node.ts'
import type { ListedNode, NodeAttributes, VirtualFileSystem } from './virtual-file-system.ts'

/** Who owns what only the view has: the user whose process serves it. */
export interface Owner {
  readonly owner: number
  readonly group: number
}

const BY_DATE = nameFromText('by-date')
const BY_FILE = nameFromText('by-file')
const README = nameFromText('README.txt')

export class SnapshotFileSystem implements VirtualFileSystem<ViewNode> {
  readonly root: ViewNode = { kind: 'root' }
  readonly #series: readonly SeriesView[]
  readonly #owner: Owner
  readonly #readme = Buffer.from(mountReadme())

  /** @param series at least one; a single one is the root itself */
  constructor(series: readonly SeriesView[], owner: Owner) {
    this.#series = series
    this.#owner = owner
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
        return lookupDate(parent.series, parent.prefix, name)
      case 'file-directory':
        return lookupFile(parent.series, parent.path, name)
      case 'versions':
        return lookupVersion(parent.series, parent.path, parent.versions, name)
      case 'stored':
        if (parent.entry.kind !== 'directory') return undefined
        return storedNode(parent.series, parent.snapshot, [...parent.path, name])
      case 'readme':
      case 'latest':
      case 'verified':
        return undefined
    }
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
        return listDates(node.series, node.prefix)
      case 'file-directory':
        return listFiles(node.series, node.path)
      case 'versions':
        return listVersions(node.series, node.path, node.versions)
      case 'stored':
        return node.entry.kind === 'directory'
          ? listStored(node.series, node.snapshot, node.path)
          : undefined
      case 'readme':
      case 'latest':
      case 'verified':
        return undefined
    }
  }

  attributes(node: ViewNode): NodeAttributes {
    switch (node.kind) {
      case 'root':
        return this.#directory(ROOT_INODE, this.#newestNs())
      case 'readme':
        return this.#synthetic('file', README_INODE, 0o444, this.#readme.length, this.#newestNs())
      case 'series':
        return this.#directory(seriesInode(node.series), node.series.newestNs())
      case 'dates':
        return this.#directory(dateLevelInode(node.series, node.prefix), node.series.newestNs())
      case 'latest': {
        const length = this.linkTarget(node)?.length ?? 0
        const inode = latestInode(node.series)
        return this.#synthetic('symlink', inode, 0o777, length, node.series.newestNs())
      }
      case 'verified': {
        const length = this.linkTarget(node)?.length ?? 0
        const modifiedNs = BigInt(epochMsOf(node.time.id)) * 1_000_000n
        const inode = verifiedInode(node.series, node.time)
        return this.#synthetic('symlink', inode, 0o777, length, modifiedNs)
      }
      case 'file-directory': {
        const inode = fileDirectoryInode(node.series, node.path)
        if (node.directory === undefined) return this.#directory(inode, node.series.newestNs())
        return this.#unionDirectory(inode, node.directory)
      }
      case 'versions': {
        const newest = node.versions.at(-1)?.entry
        const attributes = this.#directory(
          versionsInode(node.series, node.path),
          newest?.modifiedNs ?? node.series.newestNs(),
        )
        if (newest === undefined) return attributes
        return { ...attributes, owner: newest.owner, group: newest.group }
      }
      case 'stored': {
        const { series, snapshot, path, entry } = node
        return { ...entry, inode: storedInode(series.profile, snapshot, path, entry) }
      }
    }
  }

  open(node: ViewNode): ReadHandle | undefined {
    if (node.kind === 'readme') return new TextHandle(this.#readme)
    if (node.kind !== 'stored' || node.entry.kind !== 'file') return undefined
    return node.series.catalog.open(node.snapshot, node.path, node.entry)
  }

  linkTarget(node: ViewNode): string | undefined {
    if (node.kind === 'latest') return node.series.latest()?.join('/')
    if (node.kind === 'verified') return verifiedTarget(node.series, node.time, node.depth)
    if (node.kind !== 'stored' || node.entry.kind !== 'symlink') return undefined
    return node.series.catalog.linkTarget(node.snapshot, node.path)
  }

  space(): Space {
    const series = this.#series[0]
    return series === undefined ? NO_SPACE : series.catalog.space()
  }

  #onlySeries(): SeriesView | undefined {
    return this.#series.length === 1 ? this.#series[0] : undefined
  }

  #newestNs(): bigint {
    return this.#series.reduce((newest, series) => {
      const candidate = series.newestNs()
      return candidate > newest ? candidate : newest
    }, 0n)
  }

  #directory(inode: bigint, modifiedNs: bigint): NodeAttributes {
    return this.#synthetic('directory', inode, 0o555, 0, modifiedNs)
  }

  /**
   * A directory of by-file stands for the directory of that path in every snapshot, so it grants only
   * what all of them granted: a file that lay in a closed directory is no more open here. Its owner could
   * always have opened it, so it is never closed to the owner. Where the owner changed, that is the mount's.
   * Where the group changed, a member of one who was denied must not come in as everybody else.
   */
  #unionDirectory(inode: bigint, directory: DirectoryHistory): NodeAttributes {
    const attributes = this.#directory(inode, directory.newest.modifiedNs)
    const everybody = directory.mode & (directory.mode >> 3) & 0o5
    const others = directory.groupChanged ? (everybody << 3) | everybody : directory.mode & 0o55
    return {
      ...attributes,
      mode: 0o500 | (directory.ownerChanged ? 0 : others),
      owner: directory.ownerChanged ? this.#owner.owner : directory.newest.owner,
      group: directory.groupChanged ? this.#owner.group : directory.newest.group,
    }
  }

  #synthetic(
    kind: EntryKind,
    inode: bigint,
    mode: number,
    sizeBytes: number,
    modifiedNs: bigint,
  ): NodeAttributes {
    return {
      kind,
      mode,
      ...this.#owner,
      sizeBytes,
      blocks512: Math.ceil(sizeBytes / 512),
      // 1 tells find that the count says nothing about subdirectories.
      linkCount: 1,
      deviceNumber: 0,
      modifiedNs,
      changedNs: modifiedNs,
      inode,
    }
  }
}

function lookupView(series: SeriesView, name: EntryName): ViewNode | undefined {
  if (name === BY_DATE) return { kind: 'dates', series, prefix: [] }
  return name === BY_FILE ? fileRoot(series) : undefined
}

function listViews(series: SeriesView): ListedNode[] {
  return [
    { name: BY_DATE, kind: 'directory', inode: dateLevelInode(series, []) },
    { name: BY_FILE, kind: 'directory', inode: fileDirectoryInode(series, []) },
  ]
}

const ROOT_INODE = syntheticInode('root')
const README_INODE = syntheticInode('readme')

function seriesInode(series: SeriesView): bigint {
  return syntheticInode(`series/${series.profile}`)
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
