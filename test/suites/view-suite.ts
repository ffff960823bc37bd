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
    it('has a README and two views at its root', async () => {
      expect(await names('')).toEqual(['README.txt', 'by-date', 'by-file'])
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
    if (kind !== 'directory' || place === '/by-file/many') continue
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
