/** What `backup --explain` says, held against what the backup then does. */
import { execa } from 'execa'
import { statSync } from 'node:fs'
import {
  appendFile,
  chmod,
  link,
  mkdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import {
  explainBackup,
  type ExplainedPath,
  profilesAround,
} from '../../src/actions/explain-backup.ts'
import { DEFAULT_LEAVE_OUT } from '../../src/model/leave-out.ts'
import type { Profile } from '../../src/model/profile.ts'
import {
  backUpOnce,
  ordinaryRequest,
  settledWorld,
  testWorld,
  treeOf,
} from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { fingerprint } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
let source = ''
let repository = ''

beforeEach(() => {
  ;({ source, repository } = place())
})

async function explain(
  paths: readonly string[],
  changes: Partial<Profile> = {},
  options: { readonly exclude?: readonly string[]; readonly checksum?: boolean } = {},
): Promise<readonly ExplainedPath[]> {
  const request = ordinaryRequest(repository, source)
  const before = await fingerprint(repository)
  const report = await explainBackup(
    {
      ...{ ...request, ...options, profile: { ...request.profile, ...changes } },
      paths: paths.map((path) => (path.startsWith('/') ? path : `${source}/${path}`)),
    },
    settledWorld(),
  )
  expect(await fingerprint(repository)).toBe(before)
  return report.entries
}

async function explainOne(...asked: Parameters<typeof explain>): Promise<string> {
  const [entry] = await explain(...asked)
  if (entry === undefined) throw new Error('nothing was said')
  return [entry.decision, ...entry.reasons].join('; ')
}

describe('a backup explains', () => {
  test('what it would link, copy, compare and move, and does that', async () => {
    const names = [
      'same',
      'larger',
      'touched',
      'rewritten',
      'mode',
      'old/moved',
      'replaced',
      'a',
      'd/e',
    ]
    for (const name of names) await writeInto(source, name, `content of ${name}`)
    await link(`${source}/a`, `${source}/b`)
    const first = await backUpOnce(repository, source, {}, settledWorld())
    await appendFile(`${source}/larger`, '!')
    await utimes(`${source}/touched`, 1, 1)
    await writeFile(`${place().directory}/times`, '')
    await execa('touch', ['-r', `${source}/rewritten`, `${place().directory}/times`])
    await writeFile(`${source}/rewritten`, 'content of Rewritten')
    await execa('touch', ['-r', `${place().directory}/times`, `${source}/rewritten`])
    await chmod(`${source}/mode`, 0o600)
    await rename(`${source}/old`, `${source}/new`)
    await execa('cp', ['-p', `${source}/replaced`, `${source}/copy`])
    await rename(`${source}/copy`, `${source}/replaced`)
    await writeInto(source, 'new file', 'x')
    const { id } = first
    const paths = [
      ...['same', 'a', 'd', 'larger', 'touched', 'new file', 'rewritten'],
      ...['mode', 'replaced', 'new/moved', 'gone'],
    ]
    const said = Object.fromEntries(
      (await explain(paths)).map(({ path, decision, reasons }) => [
        path.slice(source.length + 1),
        [decision, ...reasons],
      ]),
    )
    const ctime = expect.stringMatching(
      /^its ctime is [\d-]{10}T[\d:]{8}\.\d{9}Z, and was .*attributes were written$/u,
    ) as string
    expect(said).toMatchObject({
      same: [
        'link',
        `inode, ctime, modification time and size are those it had when ${id} was made`,
      ],
      a: ['link', expect.any(String)],
      d: ['make-directory', expect.any(String)],
      larger: expect.arrayContaining(['copy', 'its size is 18 bytes, and was 17']) as string[],
      touched: [
        'copy',
        expect.stringMatching(
          /^its modification time is 1970-01-01T00:00:01\.000000000Z, and was 20/u,
        ),
        expect.stringMatching(/^its ctime is/u),
      ],
      'new file': ['copy', `${id} has nothing of its kind under this name`],
      rewritten: ['compare', `it has the size and modification time it has in ${id}`, ctime],
      mode: ['compare', expect.any(String), ctime],
      replaced: [
        'compare',
        expect.any(String),
        `its inode is another than when ${id} was made: it was replaced`,
        expect.any(String),
      ],
      'new/moved': [
        'move',
        `it was "old/moved" in ${id}`,
        'inode, ctime, modification time and size are the same',
      ],
      gone: ['absent'],
    })
    const second = await backUpOnce(repository, source, {}, settledWorld())
    const isLinked = (name: string, before = name): boolean =>
      statSync(`${treeOf(second)}/${name}`).ino === statSync(`${treeOf(first)}/${before}`).ino
    expect(['same', 'a', 'replaced'].filter((name) => !isLinked(name))).toEqual([])
    expect(['larger', 'touched', 'rewritten'].filter((name) => isLinked(name))).toEqual([])
    expect(isLinked('new/moved', 'old/moved')).toBe(true)
  })

  test('what it would leave out, and by what', async () => {
    for (const name of ['x.tmp', 'y.o', 'cache/d/e', 'marked/f', 'big', 'd/z.o']) {
      await writeInto(source, name, 'x'.repeat(2000))
    }
    await writeInto(source, '.snapfsignore', '# made\n*.o\n')
    await writeInto(source, 'marked/.nobackup', '')
    await mkdir(`${source}/other`)
    await execa('cp', ['-r', repository, `${source}/other/repository`])
    const leaveOut = { ...DEFAULT_LEAVE_OUT, ifPresent: ['.nobackup'], largerThan: 1999 }
    const ask = (path: string): Promise<string> =>
      explainOne([path], { leaveOut, exclude: ['cache/'] }, { exclude: ['+ /y.o', '*.tmp'] })
    expect(await ask('x.tmp')).toBe('leave-out; the rule "- *.tmp" matches it first')
    expect(await ask('d/z.o')).toBe('leave-out; the line "*.o" of ".snapfsignore" matches it')
    expect(await ask('y.o')).toBe('leave-out; it is larger than 2 kB')
    expect(await ask('cache')).toBe('leave-out; the rule "- cache/" matches it first')
    expect(await ask('cache/d/e')).toBe(
      'leave-out; the directory "cache" above it is left out; the rule "- cache/" matches it first',
    )
    expect(await ask('marked/f')).toBe(
      'leave-out; ".nobackup" lies beside it, and nothing else of that directory is stored',
    )
    expect(await ask('marked/.nobackup')).toBe('copy; it would be in the first snapshot')
    expect(await ask('other/repository/snapfs.json')).toMatch(
      /above it.*; it is a repository of snapfs$/u,
    )
    expect(await ask('')).toMatch(/^make-directory/u)
    expect(await ask('big/under')).toBe('absent')
  })

  test('why a copy under an old name is copied, and copies it', async () => {
    await writeInto(source, 'a/f', 'content')
    const { id } = await backUpOnce(repository, source, {}, settledWorld())
    await rename(`${source}/a`, `${source}/b`)
    await backUpOnce(repository, source, {}, settledWorld())
    await execa('cp', ['-a', `${source}/b`, `${source}/a`])
    expect(await explainOne(['a/f'])).toBe(
      `copy; what looks like it in ${id} is linked for another file already`,
    )
    const { counts } = await backUpOnce(repository, source, {}, settledWorld())
    expect(counts.changedFiles).toBe(1)
  })

  test('why it is not certain', async () => {
    await writeInto(source, 'f', 'f')
    // Without time to settle.
    const first = await backUpOnce(repository, source, {}, testWorld())
    expect(await explainOne(['f'])).toBe(
      `compare; it has the size and modification time it has in ${first.id}; it changed within three seconds before ${first.id} was made`,
    )
    expect(await explainOne(['f'], {}, { checksum: true })).toMatch(
      /; all files are to be read and compared;/u,
    )
    await rm(`${repository}/home/.state`, { recursive: true })
    expect(await explainOne(['f'])).toMatch(/; nothing is remembered of the source, as before/u)
  })

  test('by the place of a path, whatever links lead there', async () => {
    await writeInto(source, 'd/f', 'f')
    await symlink('d', `${source}/way`)
    await symlink(source, `${place().directory}/elsewhere`)
    const [entry] = await explain([`${place().directory}/elsewhere/way/f`])
    expect(entry).toMatchObject({ decision: 'copy', path: `${place().directory}/elsewhere/way/f` })
    const { profile } = ordinaryRequest(repository, source)
    expect(await profilesAround([`${place().directory}/elsewhere/d`], [profile])).toEqual([profile])
    await expect(profilesAround(['/etc/passwd'], [profile])).rejects.toMatchObject({
      code: 'USAGE',
      message: '"/etc/passwd" lies in no source on this machine.',
      hint: `The profiles are: home (${source}).`,
    })
  })
})
