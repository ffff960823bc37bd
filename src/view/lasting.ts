/**
 * How long what the view says holds. A published snapshot never changes, so most of it holds for ever; what shows several
 * snapshots at once holds until one comes or goes.
 */
import type { EntryName } from '../model/entry-name.ts'
import { mayBeAlias } from './aliases.ts'
import type { ViewNode } from './view-node.ts'
import type { Lasting } from './virtual-file-system.ts'

/** How long a name stands for what was found under it, or for nothing. */
export function nameLasts(parent: ViewNode, name: EntryName, found: ViewNode | undefined): Lasting {
  switch (parent.kind) {
    case 'root':
    case 'series':
    case 'snapshot-changes':
      // Their names are fixed.
      return 'always'
    case 'stored':
      if (found?.kind === 'stored') return 'always'
      return found === undefined && !mayBeAlias(name) ? 'always' : 'once'
    case 'dates':
    case 'windows':
      // `latest` is gone, too, when it leads elsewhere.
      return found === undefined ? 'once' : 'until gone'
    case 'file-directory':
      return found === undefined || found.kind === 'link' ? 'once' : 'until news'
    // One file may be several versions; whoever asks one of them for what is known of it has to be told apart.
    case 'versions':
    case 'changed':
    case 'deleted':
    case 'readme':
    case 'link':
      return 'once'
  }
}

/** How long a directory holds the names it was listed with. */
export function listingLasts(node: ViewNode): Lasting {
  switch (node.kind) {
    case 'root':
    case 'series':
    case 'snapshot-changes':
    case 'stored':
      return 'always'
    case 'dates':
    case 'windows':
    case 'file-directory':
    case 'versions':
      return 'until news'
    // Listed as far as is known in time; more may be known when they are listed again.
    case 'changed':
    case 'deleted':
    case 'readme':
    case 'link':
      return 'once'
  }
}

export function attributesLast(node: ViewNode): Lasting {
  switch (node.kind) {
    // A link into another snapshot changes the count of links and the ctime of a file. Directories have none.
    case 'stored':
      return node.entry.kind === 'directory' ? 'always' : 'until news'
    // Whoever walks through them learns soon of a new snapshot by their time, should he have missed the news.
    case 'dates':
    case 'windows':
      return 'once'
    case 'root':
    case 'readme':
    case 'series':
    case 'link':
    case 'file-directory':
    case 'versions':
    case 'snapshot-changes':
    case 'changed':
    case 'deleted':
      return 'until news'
  }
}
