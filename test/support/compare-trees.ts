/** Comparisons that do not use our own code. */
import { execa } from 'execa'
import { lstat, readdir } from 'node:fs/promises'

/**
 * What rsync would still have to change to make a snapshot equal its source, in content, kinds, modes,
 * owners, times, links, ACLs and xattrs: nothing, when the backup told the truth.
 */
export async function differences(source: string, tree: string): Promise<string> {
  const words = ['-naHAXic', '--delete', '--numeric-ids', `${source}/`, `${tree}/`]
  return (await execa('rsync', words, { env: { LC_ALL: 'C' } })).stdout
}

/** Every attribute of every entry of a tree, ctime and link count aside, as lines of text. */
export async function fingerprint(tree: string): Promise<string> {
  return describeTree(tree, '%P\\0%y %m %U:%G %s %T@ %l %i\\n')
}

/** The same of any tree that equals this one: without inode numbers, sizes of directories, and blocks. */
export async function attributesOf(tree: string): Promise<string> {
  const [described, groups] = await Promise.all([
    describeTree(tree, '%P\\0%y %m %U:%G %T@ %l\\n'),
    linkGroups(tree),
  ])
  return `${described}\n${groups}`
}

async function describeTree(tree: string, format: string): Promise<string> {
  const { stdout: entries } = await execa('find', [tree, '-printf', format], {
    encoding: 'latin1' as 'utf8',
  })
  const { stdout: sums } = await execa('sh', [
    '-c',
    'cd "$1" && find . -type f -exec md5sum {} + | sort',
    'sh',
    tree,
  ])
  const { stdout: attributes } = await execa('sh', [
    '-c',
    'cd "$1" && getfattr -R -h -d -m- . 2>/dev/null; getfacl -R -P -n . 2>/dev/null',
    'sh',
    tree,
  ])
  return [entries.split('\n').sort().join('\n'), sums, attributes].join('\n')
}

/** Which entries of a tree are names of one, as lines of text. */
export async function linkGroups(tree: string): Promise<string> {
  const { stdout } = await execa('find', [tree, '!', '-type', 'd', '-printf', '%D:%i %P\\0'], {
    encoding: 'latin1' as 'utf8',
  })
  const groups = new Map<string, string[]>()
  for (const line of stdout.split('\0').filter((text) => text !== '')) {
    const space = line.indexOf(' ')
    const [inode, path] = [line.slice(0, space), line.slice(space + 1)]
    groups.set(inode, [...(groups.get(inode) ?? []), path])
  }
  return [...groups.values()]
    .filter((paths) => paths.length > 1)
    .map((paths) => paths.sort().join('\0'))
    .sort()
    .join('\n')
}

/** How many regular files of a tree share their inode with the same path of another. */
export async function sharedFiles(tree: string, other: string): Promise<number> {
  let shared = 0
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = `${entry.parentPath}/${entry.name}`
    const there = await lstat(path.replace(tree, other)).catch(() => undefined)
    if (there?.ino === (await lstat(path)).ino) shared += 1
  }
  return shared
}
