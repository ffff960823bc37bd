/** What each node says of itself. */
import type { DirectoryHistory } from '../catalog/fold-history.ts'
import type { EntryKind } from '../model/entry.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { dateLevelInode, snapshotChangesInode } from './by-date.ts'
import { fileDirectoryInode, versionsInode } from './by-file.ts'
import { changedInode } from './changes.ts'
import { deletedInode } from './deleted.ts'
import { storedInode, syntheticInode } from './inode-number.ts'
import { linkInode } from './link-node.ts'
import type { SeriesView } from './series-view.ts'
import type { ViewNode } from './view-node.ts'
import type { NodeAttributes } from './virtual-file-system.ts'
import { windowsInode } from './windows.ts'

/** Who owns what only the view has: the user whose process serves it. */
export interface Owner {
  readonly owner: number
  readonly group: number
}

const ROOT_INODE = syntheticInode('root')
export const README_INODE = syntheticInode('readme')

export function seriesInode(series: SeriesView): bigint {
  return syntheticInode(`series/${series.profile}`)
}

export class NodeAttributeReader {
  readonly #series: readonly SeriesView[]
  readonly #owner: Owner
  readonly #readmeBytes: number

  constructor(series: readonly SeriesView[], owner: Owner, readmeBytes: number) {
    this.#series = series
    this.#owner = owner
    this.#readmeBytes = readmeBytes
  }

  of(node: ViewNode): NodeAttributes {
    switch (node.kind) {
      case 'root':
        return this.#directory(ROOT_INODE, this.#newestNs())
      case 'readme':
        return this.#synthetic('file', README_INODE, 0o444, this.#readmeBytes, this.#newestNs())
      case 'series':
        return this.#directory(seriesInode(node.series), node.series.newestNs())
      case 'dates': {
        const { series, of, prefix } = node
        return this.#directory(dateLevelInode(series, of, prefix), series.newestNs())
      }
      case 'link':
        return this.#synthetic(
          'symlink',
          linkInode(node),
          0o777,
          node.target.length,
          node.modifiedNs,
        )
      case 'file-directory':
        return this.#unionDirectory(fileDirectoryInode(node.series, node.path), node)
      case 'deleted':
        return this.#unionDirectory(deletedInode(node.series, node.path), node)
      case 'versions': {
        const { series, path, last } = node
        const newest = series.catalog.entryAt(last, path)
        const modifiedNs = newest?.modifiedNs ?? series.newestNs()
        const attributes = this.#directory(versionsInode(series, path), modifiedNs)
        if (newest === undefined) return attributes
        return { ...attributes, owner: newest.owner, group: newest.group }
      }
      case 'snapshot-changes': {
        const { series, snapshot } = node
        const modifiedNs = BigInt(epochMsOf(snapshot.id)) * 1_000_000n
        return this.#directory(snapshotChangesInode(series, snapshot.id), modifiedNs)
      }
      case 'changed':
        return { ...node.entry, inode: changedInode(node) }
      case 'windows':
        return this.#directory(windowsInode(node.series), node.series.newestNs())
      case 'stored':
        return { ...node.entry, inode: storedInode(node) }
    }
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
   * A directory of by-file or deleted stands for the directory of that path in every snapshot, so it grants only
   * what all of them granted: a file that lay in a closed directory is no more open here. Its owner could
   * always have opened it, so it is never closed to the owner. Where the owner changed, that is the mount's.
   * Where the group changed, a member of one who was denied must not come in as everybody else.
   */
  #unionDirectory(
    inode: bigint,
    { series, directory }: { series: SeriesView; directory: DirectoryHistory | undefined },
  ): NodeAttributes {
    if (directory === undefined) return this.#directory(inode, series.newestNs())
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
