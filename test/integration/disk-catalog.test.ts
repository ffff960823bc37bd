import { rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DiskCatalog } from '../../src/catalog/disk-catalog.ts'
import { nameFromText } from '../../src/model/entry-name.ts'
import { file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const ID = '2026-07-01T08-00-00Z'

test('another file is never opened in the place of the one that was looked at', async () => {
  const history = [{ id: ID, tree: { f: file('first') } }]
  const repository = await writeRepository(`${directory()}/repository`, history)
  const catalog = new DiskCatalog({ repository, profile: 'home' })
  const [snapshot] = catalog.snapshots()
  const path = [nameFromText('f')]
  const place = `${repository}/home/${ID}/tree/f`
  // ext4 gives the number of an inode that was removed to the next that is made.
  for (let round = 0; round < 20; round += 1) {
    const entry = catalog.entryAt(snapshot!, path)!
    const handle = catalog.open(snapshot!, path, entry)
    expect(handle).toBeDefined()
    handle?.close()
    await rm(place)
    await writeFile(place, `another ${round}`)
    expect(catalog.open(snapshot!, path, entry)).toBeUndefined()
  }
})
