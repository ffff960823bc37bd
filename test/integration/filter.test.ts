/**
 * Our decisions against rsync's own, over generated trees and rules. SNAPFS_TEST_FILTER_SECONDS lets it look
 * for longer than the few seconds of an ordinary run.
 */
import { execa } from 'execa'
import fc from 'fast-check'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { compileRules } from '../../src/filter/compile-rules.ts'
import { IGNORE_FILE, IGNORE_FILES_RULE } from '../../src/filter/ignore-file.ts'
import { parseRule } from '../../src/filter/parse-rule.ts'
import { bytePathFromText } from '../../src/model/entry-name.ts'
import { DEFAULT_LEAVE_OUT, type LeaveOut } from '../../src/model/leave-out.ts'
import { walkSource } from '../../src/scan/walk-source.ts'
import { checkFor, SHRINKING_SECONDS } from '../support/check-for.ts'
import { testWith } from '../support/requirements.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')

const SECONDS = Number(process.env['SNAPFS_TEST_FILTER_SECONDS'] ?? 5)
/** rsync sleeps for most of the time it takes, so many run at once. */
const RULE_LISTS_PER_TREE = 16

/** Each a child's name and what it is; names are bytes, one character each. */
type Tree = readonly (readonly [name: string, content: Leaf | Tree])[]
/** A file is empty, but for one with patterns. */
type Leaf = 'file' | 'link' | { readonly patterns: string }

/** Few letters, so that patterns meet names; and what is odd in a name, in a pattern, or in rsync's output. */
const LETTERS = ['a', 'b', 'c', 'B', '1', '.', '-', ' ', '_', '~', '!', '^', ':', '#', '+', '\t']
const ODD_BYTES = ['*', '?', '[', ']', '\\', '\n', '\r', '\x01', '\x7f', '\xc3', '\xa9', '\xff']

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b') },
  { weight: 2, arbitrary: fc.constantFrom(...LETTERS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_BYTES) },
)
const name = fc
  .oneof(
    fc.array(character, { minLength: 1, maxLength: 4 }).map((characters) => characters.join('')),
    fc.constantFrom('a', 'b', 'ab', 'a.b', '\\#012', '\xc3\xa9', 'a'.repeat(40)),
  )
  .filter((text) => text !== '.' && text !== '..')

function treeOf(depth: number): fc.Arbitrary<Tree> {
  return fc
    .tuple(plainTreeOf(depth), ignoreFile)
    .map(([tree, patterns]) =>
      patterns === null ? tree : [...tree, [IGNORE_FILE, { patterns }] as const],
    )
}

function plainTreeOf(depth: number): fc.Arbitrary<Tree> {
  const leaf = fc.constantFrom('file' as const, 'file' as const, 'link' as const)
  const content = depth === 0 ? leaf : fc.oneof(leaf, treeOf(depth - 1))
  return fc.uniqueArray(fc.tuple(name, content), {
    selector: ([own]) => own,
    minLength: 1,
    maxLength: 8,
    size: 'max',
  })
}

const set = fc
  .tuple(
    fc.constantFrom('[', '[!', '[^', '[', '[]', '[!]'),
    fc.array(
      fc.oneof(
        fc.constantFrom(...LETTERS, '*', '?', '[', '\\', '\\]', '\\\\', '/', 'é', '\x7f'),
        fc.constantFrom('a-b', 'b-a', '!-~', 'a-', '-b', 'a-\\b', '\\a-b', 'A-Z-a', '*-?', '**'),
        fc
          .constantFrom(
            ...['alnum', 'alpha', 'blank', 'cntrl', 'digit', 'graph', 'lower', 'print', 'punct'],
            ...['space', 'upper', 'xdigit', 'word', '', 'ALPHA'],
          )
          .map((word) => `[:${word}:]`),
        fc.constantFrom('[:', '[:]', '[:alpha]', '[:a', '[.a.]', '[=a=]'),
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom(']', ']', ']', ']', ''),
  )
  .map(([start, members, end]) => start + members.join('') + end)
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'ab', '.', '1') },
  { weight: 3, arbitrary: fc.constantFrom(...LETTERS, '\n', ']', 'é', '\x01', '\x7f', '\r') },
  { weight: 5, arbitrary: fc.constant('/') },
  { weight: 5, arbitrary: fc.constant('*') },
  { weight: 3, arbitrary: fc.constantFrom('**', '?', '***', '**/', '/**', '/***', '/*') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\\', '\\\\', '\\*', '\\?', '\\[', '\\a', '\\/', '****'),
  },
  { weight: 3, arbitrary: set },
)
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '/', '**', '**/'),
    fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.constantFrom('', '', '', '/', '/***', '/**', '*'),
  )
  .map((parts) => parts.join(''))
/** Long ones cross the words in which the matcher keeps its places. */
const anyPattern = fc.oneof(
  { weight: 8, arbitrary: pattern },
  { weight: 1, arbitrary: pattern.map((text) => `${text}${'a*'.repeat(17)}${text}`) },
  { weight: 1, arbitrary: pattern.map((text) => `*${'a'.repeat(31)}${text}`) },
)
/** Lines of patterns, and what rsync does not take for one. */
const ignoreFile = fc.option(
  fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 8, arbitrary: anyPattern },
          { weight: 1, arbitrary: pattern.map((text) => `# ${text}`) },
          { weight: 1, arbitrary: pattern.map((text) => `${text}\0${text}`) },
          {
            weight: 1,
            arbitrary: fc.constantFrom('', ';a', '!', '- a', '+ a', ' a', 'a ', '/', '\0a'),
          },
          { weight: 1, arbitrary: fc.constant('a'.repeat(4096)) },
        ),
        { minLength: 1, maxLength: 4 },
      ),
      fc.constantFrom('\n', '\n', '\r\n', '\r'),
      fc.constantFrom('\n', ''),
    )
    .map(([lines, separator, end]) => lines.join(separator) + end),
  { freq: 3 },
)
const rule = fc
  .tuple(fc.constantFrom('- ', '- ', '+ '), anyPattern)
  .map(([sign, text]) => sign + text)

describe('the filter', () => {
  test(
    'keeps what rsync keeps',
    async () => {
      const empty = `${directory()}/empty`
      await mkdir(empty)
      const ruleLists = fc.array(fc.array(rule, { minLength: 1, maxLength: 5 }), {
        minLength: RULE_LISTS_PER_TREE,
        maxLength: RULE_LISTS_PER_TREE,
      })
      let count = 0
      let paths = 0
      let excluded = 0
      const trees = treeOf(3).map((tree) => withoutAnchorsBelowWildcards(tree))
      await checkFor(SECONDS, fc.tuple(trees, ruleLists), async ([tree, lists]) => {
        count += 1
        const source = `${directory()}/source-${count}`
        await plant(tree, Buffer.from(source))
        const theirs = await Promise.all(lists.map((rules) => keptByRsync(rules, source, empty)))
        const ours = lists.map((rules) => keptByWalk(rules, source))
        paths += ours.flat().length
        excluded += keptByWalk([], source).length * lists.length - ours.flat().length
        lists.forEach((rules, index) => {
          expect({ rules, kept: ours[index] }).toEqual({ rules, kept: theirs[index] })
        })
      })
      if (SECONDS > 5)
        console.log(
          `${count} trees, ${count * RULE_LISTS_PER_TREE} lists, ${paths} paths kept, ${excluded} not`,
        )
    },
    (SECONDS + SHRINKING_SECONDS + 60) * 1000,
  )
})

describe('the walk of the source', () => {
  test('passes by what is excluded, files and directories', async () => {
    const source = `${directory()}/source`
    const inside = ['kept', 'left.tmp', 'snapfs.json'].map((own) => [own, 'file'] as const)
    await plant([['old.d', inside], ['d', inside.slice(0, 2)], ...inside], Buffer.from(source))
    const walked = walk(source, ['- *.tmp', '+ [!o]', '- *.d/', '- /snap*'])
    const paths = [...walked].map((found) =>
      'repository' in found ? found : [found.path, found.entries.map(({ name }) => name)],
    )
    expect(paths).toEqual([
      ['', ['kept']],
      ['d', ['kept']],
    ])
  })
})

async function plant(tree: Tree, place: Buffer): Promise<void> {
  await mkdir(place)
  for (const [own, content] of tree) {
    const child = Buffer.concat([place, Buffer.from(`/${own}`, 'latin1')])
    if (content === 'file') await writeFile(child, '')
    else if (content === 'link') await symlink('.', child)
    else if ('patterns' in content) await writeFile(child, content.patterns)
    else await plant(content, child)
  }
}

function walk(source: string, rules: readonly string[], leaveOut: Partial<LeaveOut> = {}) {
  return walkSource({
    source: bytePathFromText(source),
    skipped: new Set(),
    match: compileRules(rules.map(parseRule)),
    leaveOut: { ...DEFAULT_LEAVE_OUT, ...leaveOut },
    isRepositoryMarker: () => true,
  })
}

/** The paths that a walk keeps; those of directories end in a slash, as rsync prints them. */
function keptByWalk(rules: readonly string[], source: string): readonly string[] {
  return [...walk(source, rules)]
    .flatMap((found) => {
      if ('repository' in found) throw new Error(`a repository: ${found.repository}`)
      const above = found.path === '' ? '' : `${found.path}/`
      return [above, ...found.entries.map(({ name: own }) => above + own)]
    })
    .filter((path) => path !== '')
    .sort()
}

/**
 * rsync puts the path of the directory in front of an anchored pattern that it reads there, and takes wildcards in that
 * path for such; we do not, so there is nothing to compare.
 */
function withoutAnchorsBelowWildcards(tree: Tree, above = ''): Tree {
  const isOdd = /[*?[\\]/u.test(above)
  return tree.map(([own, content]) => {
    if (content === 'file' || content === 'link') return [own, content]
    if (!('patterns' in content)) {
      return [own, withoutAnchorsBelowWildcards(content, `${above}/${own}`)]
    }
    const { patterns } = content
    return [own, { patterns: isOdd ? patterns.replaceAll(/^\/+/gmu, '') : patterns }]
  })
}

async function keptByRsync(
  rules: readonly string[],
  source: string,
  empty: string,
): Promise<readonly string[]> {
  const filters = [...rules, IGNORE_FILES_RULE].map((text) => `--filter=${text}`)
  const { stdout } = await execa(
    'rsync',
    ['-rln', '--out-format=%n', ...filters, '--', `${source}/`, `${empty}/`],
    { env: { LC_ALL: 'C' } },
  )
  return stdout
    .split('\n')
    .filter((line) => line !== '' && line !== './')
    .map((line) =>
      line.replaceAll(/\\#(\d{3})/gu, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .sort()
}
