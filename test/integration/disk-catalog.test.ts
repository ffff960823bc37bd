import { rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DiskCatalog } from '../../src/catalog/disk-catalog.ts'
import { CHANGE_KINDS, SeriesChanges } from '../../src/catalog/series-changes.ts'
import { SeriesDeletions } from '../../src/catalog/series-deletions.ts'
import { SeriesHistory } from '../../src/catalog/series-history.ts'
import { nameFromText } from '../../src/model/entry-name.ts'
import { file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { quickWays } from '../support/quick-ways.ts'
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

test('what is told of the past is the same past Node', async () => {
  const days = [1, 2, 3, 4, 5, 6]
  const history = days.map((day) => ({
    id: `2026-07-0${day}T08-00-00Z`,
    tree: {
      'd/same': file('same', 'same'),
      // Once another content, and then another inode of the same.
      'd/changes': file(day < 4 ? 'one' : 'other', `changes ${Math.min(day, 5)}`),
      ...(day < 5 ? { 'd/gone': file('gone', 'gone'), 'd/e/below': file('below', 'below') } : {}),
      ...(day > 2
        ? { 'd/new': file('new', 'new'), role: file('a file') }
        : { 'role/x': file('x') }),
    },
  }))
  const repository = await writeRepository(`${directory()}/repository`, history)
  const [plain, quick] = [undefined, await quickWays(repository)].map((ways) => {
    const catalog = new DiskCatalog({ repository, profile: 'home' }, ways)
    const past = new SeriesHistory(catalog)
    const [changes, deletions] = [new SeriesChanges(catalog), new SeriesDeletions(catalog, past)]
    return ['', 'd', 'd/e', 'role', 'nothing'].map((text) => {
      const path = text
        .split('/')
        .filter((name) => name !== '')
        .map(nameFromText)
      const changed = catalog
        .snapshots()
        .flatMap((snapshot) =>
          CHANGE_KINDS.map((change) => [...changes.namesIn(snapshot, change, path)].sort()),
        )
      const gone = [...deletions.namesIn(path)].sort()
      const ever = [...past.namesEver(path)].map(([name, { directory: is, lastVersioned }]) => [
        name,
        is,
        lastVersioned?.id,
      ])
      return {
        text,
        changed,
        gone: gone.map(([name, { directory: is, lastSeen }]) => [name, is, lastSeen?.id]),
        ever: ever.sort(),
      }
    })
  })
  expect(quick).toEqual(plain)
  expect(quick![1]!.gone).toEqual([
    ['e', 'gone', undefined],
    ['gone', undefined, '2026-07-04T08-00-00Z'],
  ])
})
