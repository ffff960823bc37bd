/** Writing the labels of a series. The caller holds the lock. */
import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { encodeLabels, type Label } from '../model/labels.ts'
import { LABELS_NAME, seriesDirectory, type SeriesPlace } from './layout.ts'
import { syncDirectory } from './staged-snapshot.ts'

/**
 * Writes all labels; whenever this ends, the file has the old ones or the new ones.
 * @throws the operating system's error; then it has the old ones
 */
export async function writeLabels(
  place: SeriesPlace,
  labels: ReadonlyMap<string, Label>,
): Promise<void> {
  const series = seriesDirectory(place)
  const draft = `${series}/.${LABELS_NAME}.${randomUUID()}`
  try {
    {
      await using file = await open(draft, 'wx', 0o600)
      await file.writeFile(encodeLabels(labels))
      await file.sync()
    }
    await rename(draft, `${series}/${LABELS_NAME}`)
  } finally {
    await rm(draft, { force: true })
  }
  await syncDirectory(series)
}
