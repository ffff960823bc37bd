/**
 * How the views behave, once for everything that can show them: the view over a catalog in memory, over
 * one on disk, and a real mount. Times are those of Europe/Berlin.
 */
import { describe, expect, test } from 'vitest'
import {
  completeTree,
  DEFAULT_MODIFIED_MS,
  type DescribedHistory,
  directory,
  file,
  symlink,
} from '../support/described-history.ts'
import { modeOf } from '../support/memory-catalog.ts'
import type { Subject } from './view-subject.ts'

export const SUITE_ZONE = 'Europe/Berlin'

const MANY = 3000
const NOT_UTF8 = 'caf\xe9.txt'
/** `report (was file)` as a stored name: the view must not take it for one of its own. */
const LOOKALIKE = 'changing (was file)'

/** Three days of a small home directory, with everything that is awkward about names and kinds. */
export const SUITE_HISTORY: DescribedHistory = [
  {
    id: '2026-07-01T08-00-00Z',
    tree: {
      'notes.txt': file('first'),
      'Documents/report.tar.gz': file('draft'),
      'Documents/.bashrc': file('alias'),
      gone: file('soon deleted'),
      back: file('comes back'),
      changing: file('was a file'),
      [LOOKALIKE]: file('stored under an odd name'),
      link: symlink('notes.txt'),
      empty: file(''),
      pipe: { kind: 'fifo', inode: 'pipe' },
      secret: directory(0o700),
      'secret/key': file('hidden'),
      twin: file('one inode'),
      'deep/a/b/c/d/e': file('deep'),
      [NOT_UTF8]: file('coffee'),
      ...Object.fromEntries(Array.from({ length: MANY }, (_, n) => [`many/${n}`, file(`${n}`)])),
    },
  },
  {
    id: '2026-07-02T08-00-00Z',
    verified: ['2026-07-02T09-00-00Z', '2026-07-02T10-00-00Z'],
    tree: {
      'notes.txt': file('second'),
      'Documents/report.tar.gz': file('draft'),
      'Documents/.bashrc': file('alias'),
      'changing/inside': file('now a directory'),
      [LOOKALIKE]: file('stored under an odd name'),
      link: symlink('/etc'),
      empty: file(''),
      secret: directory(0o755),
      'secret/key': file('hidden'),
      twin: file('one inode'),
      'other twin': file('one inode'),
      [NOT_UTF8]: file('coffee'),
    },
  },
  {
    id: '2026-07-03T08-00-00Z',
    tree: {
      'notes.txt': file('first'),
      'Documents/report.tar.gz': file('final'),
      'Documents/.bashrc': file('alias', 'alias, but private', 0o600),
      back: file('comes back'),
      changing: symlink('notes.txt'),
      [LOOKALIKE]: file('stored under an odd name'),
      link: directory(0o755),
      'link/passwd': file('not the real one'),
      twin: file('one inode'),
      [NOT_UTF8]: file('tea', 'tea'),
    },
  },
]

/** When nothing had changed since the second day. */
const VERIFIED = ['2026-07-02_11-00-00', '2026-07-02_12-00-00'] as const

const DATES = ['2026-07-01_10-00-00', '2026-07-02_10-00-00', '2026-07-03_10-00-00'] as const

/**
 * @param subject called in each test; the subject is asked only, never changed
 * @param it `test`, or what stands for it where the machine lacks something
 */
export function describeViews(title: string, subject: () => Subject, it = test): void {
  const names = async (path: string): Promise<string[] | undefined> => {
    const listed = await subject().list(path)
    return listed?.map(({ name }) => subject().nameOf(name)).sort()
  }

  describe(title, () => {
    it('has a README and its views at its root', async () => {
      expect(await names('')).toEqual(['README.txt', 'by-date', 'by-file', 'changes', 'deleted'])
      expect(await subject().read('/README.txt')).toContain('by-file/')
    })

    it('names snapshots by their local time, and links to the latest', async () => {
      expect(await names('/by-date')).toEqual([...DATES, ...VERIFIED, 'latest'].sort())
      expect(await subject().target('/by-date/latest')).toBe(DATES[2])
    })

    it('shows a time at which nothing had changed as a link to the snapshot, and as no version', async () => {
      const listed = await subject().list('/by-date')
      for (const time of VERIFIED) {
        expect(listed?.find(({ name }) => name === time)?.kind).toBe('symlink')
        const status = await subject().status(`/by-date/${time}`)
        expect(status).toMatchObject({ kind: 'symlink', sizeBytes: DATES[1].length })
        expect(await subject().target(`/by-date/${time}`)).toBe(DATES[1])
      }
      const inodes = listed?.map(({ name }) => subject().status(`/by-date/${name}`)) ?? []
      expect(new Set((await Promise.all(inodes)).map((one) => one?.inode)).size).toBe(inodes.length)
      expect(await names('/by-file/notes.txt')).toEqual(DATES.map((time) => `notes@${time}.txt`))
    })

    it('shows every tree by date exactly as it was', async () => {
      for (const [index, snapshot] of SUITE_HISTORY.entries()) {
        const base = `/by-date/${DATES[index]!}`
        for (const [path, described] of completeTree(snapshot.tree)) {
          if (path.includes(NOT_UTF8)) continue
          const place = path === '' ? base : `${base}/${path}`
          const status = await subject().status(place)
          expect(status, place).toMatchObject({ kind: described.kind, mode: modeOf(described) })
          expect(status?.modifiedMs, place).toBe(DEFAULT_MODIFIED_MS)
          if (described.kind === 'file') expect(await subject().read(place)).toBe(described.content)
          if (described.kind === 'symlink') {
            expect(await subject().target(place)).toBe(described.target)
          }
        }
      }
    })

    it('lists in by-file every name there ever was', async () => {
      const ever = new Set(
        SUITE_HISTORY.flatMap(({ tree }) =>
          [...completeTree(tree).keys()].filter((path) => path !== '' && !path.includes('/')),
        ),
      )
      // Both were a directory and something else; one of the plain names for that is a stored name.
      ever.add('changing (was file) (2)').add('link (was file)')
      expect(await names('/by-file')).toEqual([...ever].sort())
    })

    it('shows a file as a directory of its versions, each named by when it was first seen', async () => {
      expect(await names('/by-file/notes.txt')).toEqual(DATES.map((date) => `notes@${date}.txt`))
      expect(await subject().read(`/by-file/notes.txt/notes@${DATES[0]}.txt`)).toBe('first')
      expect(await subject().read(`/by-file/notes.txt/notes@${DATES[1]}.txt`)).toBe('second')
      expect(await subject().read(`/by-file/notes.txt/notes@${DATES[2]}.txt`)).toBe('first')
    })

    it('shows one version for as long as the inode stays', async () => {
      expect(await names('/by-file/twin')).toEqual([`twin@${DATES[0]}`])
      expect(await names('/by-file/Documents/report.tar.gz')).toEqual([
        `report@${DATES[0]}.tar.gz`,
        `report@${DATES[2]}.tar.gz`,
      ])
    })

    it('takes a change of the mode for a version', async () => {
      const container = '/by-file/Documents/.bashrc'
      expect(await names(container)).toEqual([`.bashrc@${DATES[0]}`, `.bashrc@${DATES[2]}`])
      expect((await subject().status(`${container}/.bashrc@${DATES[2]}`))?.mode).toBe(0o600)
    })

    it('keeps what was deleted, and begins a version anew when it comes back', async () => {
      expect(await names('/by-file/gone')).toEqual([`gone@${DATES[0]}`])
      expect(await subject().read(`/by-file/gone/gone@${DATES[0]}`)).toBe('soon deleted')
      expect(await names('/by-file/back')).toEqual([`back@${DATES[0]}`, `back@${DATES[2]}`])
    })

    it('shows both what was a file and a directory', async () => {
      expect(await names('/by-file/changing')).toEqual(['inside'])
      expect(await names('/by-file/changing (was file) (2)')).toEqual([
        `changing@${DATES[0]}`,
        `changing@${DATES[2]}`,
      ])
      expect(await names(`/by-file/${LOOKALIKE}`)).toEqual([`${LOOKALIKE}@${DATES[0]}`])
      expect(await names('/by-file/link (was file)')).toEqual([
        `link@${DATES[0]}`,
        `link@${DATES[1]}`,
      ])
    })

    it('never follows a link out of a snapshot', async () => {
      // `link` is a link to /etc in the second snapshot, and a directory in the third.
      expect(await names('/by-file/link')).toEqual(['passwd'])
      expect(await names('/by-file/link/passwd')).toEqual([`passwd@${DATES[2]}`])
    })

    it('shows links, FIFOs and empty files as versions of their kind', async () => {
      const link = `/by-file/link (was file)/link@${DATES[1]}`
      expect(await subject().status(link)).toMatchObject({ kind: 'symlink' })
      expect(await subject().target(link)).toBe('/etc')
      expect(await subject().status(`/by-file/pipe/pipe@${DATES[0]}`)).toMatchObject({
        kind: 'fifo',
      })
      expect(await subject().read(`/by-file/empty/empty@${DATES[0]}`)).toBe('')
    })

    it('opens no directory in by-file further than it was at its most closed', async () => {
      expect((await subject().status('/by-file/secret'))?.mode).toBe(0o500)
      expect((await subject().status(`/by-date/${DATES[1]}/secret`))?.mode).toBe(0o755)
    })

    it('lists a large directory completely, in both views', async () => {
      const all = Array.from({ length: MANY }, (_, n) => `${n}`).sort()
      expect(await names(`/by-date/${DATES[0]}/many`)).toEqual(all)
      expect(await names('/by-file/many')).toEqual(all)
    })

    it('shows in changes what each snapshot added, modified and deleted', async () => {
      expect(await names('/changes')).toEqual([...DATES, 'latest'])
      expect(await subject().target('/changes/latest')).toBe(DATES[2])
      const [first, second, third] = DATES.map((date) => `/changes/${date}`)
      expect(await names(second!)).toEqual(['added', 'deleted', 'modified'])
      expect(await names(`${second!}/added`)).toEqual(['changing', 'other twin'])
      expect(await names(`${second!}/added/changing`)).toEqual(['inside'])
      expect(await names(`${second!}/modified`)).toEqual(['link', 'notes.txt'])
      expect(await names(`${second!}/deleted`)).toEqual(
        ['back', 'changing', 'deep', 'gone', 'many', 'pipe'].sort(),
      )
      expect(await subject().read(`${second!}/modified/notes.txt`)).toBe('second')
      expect(await subject().read(`${second!}/deleted/changing`)).toBe('was a file')
      expect(await subject().read(`${second!}/deleted/deep/a/b/c/d/e`)).toBe('deep')
      expect(await names(`${third!}/modified`)).toEqual(['Documents', NOT_UTF8, 'notes.txt'].sort())
      expect(await names(`${third!}/modified/Documents`)).toEqual(['.bashrc', 'report.tar.gz'])
      expect(await subject().read(`${third!}/modified/Documents/report.tar.gz`)).toBe('final')
      expect(await names(`${third!}/deleted`)).toEqual(
        ['changing', 'empty', 'link', 'other twin', 'secret'].sort(),
      )
      expect(await subject().target(`${third!}/deleted/link`)).toBe('/etc')
      // To the first snapshot all is new.
      expect(await names(`${first!}/added`)).toEqual(await names(`/by-date/${DATES[0]}`))
      expect(await names(`${first!}/modified`)).toEqual([])
      expect(await names(`${first!}/deleted`)).toEqual([])
    })

    it('shows in deleted what is no more, in its place and as it was last', async () => {
      const gone = ['changing', 'deep', 'empty', 'gone', 'link (was file)', 'many', 'other twin']
      expect(await names('/deleted')).toEqual([...gone, 'pipe', 'secret'].sort())
      expect(await subject().read('/deleted/gone')).toBe('soon deleted')
      expect((await subject().status('/deleted/gone'))?.modifiedMs).toBe(DEFAULT_MODIFIED_MS)
      expect(await subject().target('/deleted/link (was file)')).toBe('/etc')
      expect(await names('/deleted/changing')).toEqual(['inside'])
      expect(await subject().read('/deleted/deep/a/b/c/d/e')).toBe('deep')
      // As closed as it was at its most closed.
      expect((await subject().status('/deleted/secret'))?.mode).toBe(0o500)
    })

    it('finds a file as it was when it is asked for with a time', async () => {
      const container = 'report.tar.gz/'
      const [first, , last] = DATES.map((date) => `${container}report@${date}.tar.gz`)
      for (const [when, target] of [
        ['2026-07-02', first],
        ['2026-07-03T09:59', first],
        ['2026-07-03T10:00', last],
        ['2026-07-03_10-00-00', last],
        ['2026-07-03T08-00-00Z', last],
        ['yesterday', last],
        ['latest', last],
        ['~0', last],
        ['~1', first],
      ]) {
        const alias = `/by-file/Documents/report.tar.gz@${when!}`
        expect(await subject().target(alias), when).toBe(target)
        const inSnapshot = `/by-date/${DATES[0]}/Documents/report.tar.gz@${when!}`
        const up = '../../../by-file/Documents/'
        if (!when!.startsWith('~')) {
          expect(await subject().target(inSnapshot), when).toBe(`${up}${target!}`)
        }
      }
      // Versions are counted from the one that is there.
      const second = `/by-date/${DATES[1]}`
      expect(await subject().target(`${second}/notes.txt@~1`)).toBe(
        `../../by-file/notes.txt/notes@${DATES[0]}.txt`,
      )
      // Of what was a directory as well, a file is found where its versions are.
      expect(await subject().target(`${second}/changing@2026-07-01`)).toBe(
        `../../by-file/changing (was file) (2)/changing@${DATES[0]}`,
      )
      expect(await subject().target('/by-file/secret@2026-07-02')).toBe(
        `../by-date/${DATES[1]}/secret`,
      )
      for (const nothing of ['notes.txt@2026-06-30', 'notes.txt@~3', 'gone@latest', 'no@latest']) {
        expect(await subject().status(`/by-file/${nothing}`), nothing).toBeUndefined()
      }
      for (const nothing of ['notes.txt@', 'notes.txt@tomorrow', '@latest', 'notes.txt@~']) {
        expect(await subject().status(`/by-file/${nothing}`), nothing).toBeUndefined()
      }
    })

    it('has the history of a directory of by-date, and does not list it', async () => {
      const link = `/by-date/${DATES[2]}/Documents/.history`
      expect(await subject().target(link)).toBe('../../../by-file/Documents')
      expect(await names(`/by-date/${DATES[2]}/Documents`)).toEqual(['.bashrc', 'report.tar.gz'])
      expect(await subject().target(`/by-date/${DATES[2]}/.history`)).toBe('../../by-file')
      expect(await subject().status('/by-file/.history')).toBeUndefined()
    })

    it('tells of a file what is known of its version, to who asks by name', async () => {
      const fact = (path: string, name: string): Promise<string | undefined> =>
        subject().attribute(path, `user.snapfs.${name}`)
      const [first, second, third] = DATES.map((date) => `/by-file/notes.txt/notes@${date}.txt`)
      expect(await fact(first!, 'path')).toBe('notes.txt')
      expect(await fact(first!, 'first')).toBe('2026-07-01T08:00:00Z')
      expect(await fact(first!, 'last')).toBe('2026-07-01T08:00:00Z')
      expect(await fact(first!, 'mtime-ns')).toBe(`${DEFAULT_MODIFIED_MS}000000`)
      expect(await fact(second!, 'same-as')).toBeUndefined()
      // It is again what it was, and a change of the mode alone is no other content.
      expect(await fact(third!, 'same-as')).toBe(`notes@${DATES[0]}.txt`)
      const report = `/by-date/${DATES[1]}/Documents/report.tar.gz`
      expect(await fact(report, 'first')).toBe('2026-07-01T08:00:00Z')
      expect(await fact(report, 'last')).toBe('2026-07-02T08:00:00Z')
      expect(await fact(report, 'snapshots')).toBe('2')
      expect(await fact('/deleted/gone', 'last')).toBe('2026-07-01T08:00:00Z')
      expect(await fact(`/by-date/${DATES[0]}/Documents`, 'path')).toBe('Documents')
      for (const name of ['first', 'same-as', 'nothing']) {
        expect(await fact(`/by-date/${DATES[0]}/Documents`, name)).toBeUndefined()
      }
      expect(await fact('/README.txt', 'path')).toBeUndefined()
      expect(await subject().attribute(first!, 'user.other')).toBeUndefined()
    })

    it('has the snapshots under the names that Windows asks for', async () => {
      const tokens = ['01', '02', '03'].map((day) => `@GMT-2026.07.${day}-08.00.00`)
      expect(await names('/@gmt')).toEqual(tokens)
      expect(await subject().read(`/@gmt/${tokens[1]!}/notes.txt`)).toBe('second')
      expect(await names(`/@gmt/${tokens[0]!}/Documents`)).toEqual(['.bashrc', 'report.tar.gz'])
      const [here, there] = [`/@gmt/${tokens[0]!}`, `/by-date/${DATES[0]}`]
      expect((await subject().status(here))?.inode).not.toBe((await subject().status(there))?.inode)
    })

    it('has nothing where there is nothing', async () => {
      for (const path of [
        '/nothing',
        '/by-date/2026-07-01',
        '/by-date/latest2',
        `/by-date/${DATES[0]}/nothing`,
        '/by-file/nothing',
        '/by-file/notes.txt/notes.txt',
        `/by-file/notes.txt/notes@${DATES[0]}`,
        '/by-file/gone (was file)',
        '/by-file/changing (was file) (3)',
      ]) {
        expect(await subject().status(path), path).toBeUndefined()
      }
    })

    it('finds what it lists, with the kind it listed, and shows no name twice', async () => {
      for (const place of await everyDirectory(subject(), '')) {
        const listed = (await subject().list(place)) ?? []
        expect(new Set(listed.map(({ name }) => name)).size, place).toBe(listed.length)
        for (const { name, kind } of listed) {
          expect(Buffer.byteLength(name, 'latin1')).toBeLessThanOrEqual(255)
          expect((await subject().status(`${place}/${name}`))?.kind, `${place}/${name}`).toBe(kind)
        }
      }
    })

    it('shows one stored inode under one number, wherever it is reached', async () => {
      for (const [index, snapshot] of SUITE_HISTORY.entries()) {
        for (const [path, described] of completeTree(snapshot.tree)) {
          if (described.kind === 'directory' || path.startsWith('many/')) continue
          const status = await statusOf(subject(), `/by-date/${DATES[index]!}`, path)
          const versions = await versionsOf(subject(), path)
          expect(versions, `${path} at ${DATES[index]!}`).toContain(status?.inode)
        }
      }
      const first = await subject().status(`/by-date/${DATES[0]}/twin`)
      const second = await subject().status(`/by-date/${DATES[1]}/other twin`)
      expect(second?.inode).toBe(first?.inode)
    })

    it('gives every directory a number of its own', async () => {
      const directories = await everyDirectory(subject(), '')
      const inodes = new Set<bigint>()
      for (const place of directories) inodes.add((await subject().status(place))!.inode)
      expect(inodes.size).toBe(directories.length)
    })

    it('lets names that are not UTF-8 be listed and opened', async () => {
      const listed = await subject().list('/by-file')
      const shown = listed
        ?.map(({ name }) => name)
        .find((name) => subject().nameOf(name) === NOT_UTF8)
      const versions = (await subject().list(`/by-file/${shown ?? ''}`)) ?? []
      const contents = await Promise.all(
        versions.map(({ name }) => subject().read(`/by-file/${shown ?? ''}/${name}`)),
      )
      expect(contents.sort()).toEqual(['coffee', 'tea'])
    })
  })
}

/** Every directory of a mount but the thousands below `many`. */
async function everyDirectory(subject: Subject, place: string): Promise<string[]> {
  const found = [place]
  for (const { name, kind } of (await subject.list(place)) ?? []) {
    if (kind !== 'directory' || place.endsWith('/many')) continue
    found.push(...(await everyDirectory(subject, `${place}/${name}`)))
  }
  return found
}

/** Finds a stored path below a place, however its names are shown. */
async function statusOf(
  subject: Subject,
  base: string,
  path: string,
): Promise<Awaited<ReturnType<Subject['status']>>> {
  const place = await placeOf(subject, base, path)
  return place === undefined ? undefined : subject.status(place)
}

async function placeOf(subject: Subject, base: string, path: string): Promise<string | undefined> {
  let place = base
  for (const wanted of path.split('/')) {
    const listed = await subject.list(place)
    const found = listed?.find(({ name }) => subject.nameOf(name) === wanted)
    if (found === undefined) return undefined
    place = `${place}/${found.name}`
  }
  return place
}

/** Inode numbers of all versions of a path, whether or not it was a directory as well. */
async function versionsOf(subject: Subject, path: string): Promise<bigint[]> {
  const inodes: bigint[] = []
  for (const suffix of ['', ' (was file)', ' (was file) (2)']) {
    const container = await placeOf(subject, '/by-file', `${path}${suffix}`)
    for (const { name, kind } of (await subject.list(container ?? '/absent')) ?? []) {
      if (kind === 'directory') continue
      const status = await subject.status(`${container ?? ''}/${name}`)
      if (status !== undefined) inodes.push(status.inode)
    }
  }
  return inodes
}
