/** A view over a catalog, put together as the serving process does it. */
import { DEFAULT_TEMPLATE_TEXT } from '../../src/view/default-template.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { SeriesView } from '../../src/view/series-view.ts'
import { SnapshotFileSystem } from '../../src/view/snapshot-file-system.ts'
import { parseTimeTemplate } from '../../src/view/time-template.ts'

export function openView(
  catalogs: readonly Catalog[],
  zone: string,
  template: string = DEFAULT_TEMPLATE_TEXT,
): SnapshotFileSystem {
  const series = catalogs.map(
    (catalog) => new SeriesView(catalog, parseTimeTemplate(template), zone),
  )
  const owner = { owner: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 }
  return new SnapshotFileSystem(series, owner, () => ({ nowMs: Date.now(), timeZone: zone }))
}
