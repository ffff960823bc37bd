/**
 * A reader that means no good: walks a mount at random, reads files whole and in pieces, asks for names that are none,
 * and tries to write. What it finds wrong it prints, a line of JSON each; when its standard input ends, how much it did.
 *
 *   node scripts/torture/mount-readers.mjs MOUNTPOINT SEED
 *
 * Files of the source say what they are (`mount-source.mjs`), so content that belongs elsewhere is seen.
 */
/* global performance */
import * as fs from 'node:fs/promises'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultOf } from './mount-source.mjs'
import { randomFrom } from './random.mjs'

/** Asking at the same time: more than libfuse has threads to begin with. */
const AT_ONCE = 6
const DEPTH = 7
const SLOW_MS = 10_000
/** What a path may answer while snapshots come and go. */
/** Node has no name for ESTALE. */
const GONE = ['ENOENT', 'ENOTDIR', `Unknown system error -${constants.errno.ESTALE}`]
/** What a path may answer that is longer or otherwise than any can be. */
const NO_NAME = [...GONE, 'ENAMETOOLONG', 'EINVAL', 'ELOOP']
const FAKES = [
  'f1@yesterday.txt',
  'f1.txt@~1',
  'f2.txt@~999999',
  'f3.txt@2026-11-20',
  '.history',
  '@gmt',
  '@GMT-2026.01.01-00.00.00',
  'desktop.ini',
  '.Trash-0',
  '\xff\xfe',
  'x'.repeat(255),
  'x'.repeat(256),
  ' ',
  '\n',
  '...',
  'f1.txt (was file)',
  `f${'1'.repeat(200)}~abcdef@2026-01-01_00-00-00.txt`,
]

const [mountpoint = '', seed = '1'] = process.argv.slice(2)
const random = randomFrom(Number(seed), 'reader')
const did = { steps: 0, read: 0, bytes: 0, listed: 0, refused: 0, gone: 0, held: 0, cut: 0 }
let over = false
process.stdin.resume().on('close', () => (over = true))

await Promise.all(Array.from({ length: AT_ONCE }, reader))
process.stdout.write(`${JSON.stringify(did)}\n`)
process.exit()

async function reader() {
  while (!over) {
    const began = performance.now()
    did.steps += 1
    let path = ''
    try {
      path = await somewhere()
      await step(path)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (GONE.includes(code)) did.gone += 1
      // What is open is cut off when another file comes to lie there (decision 0039).
      else if (code === 'EIO' && /\/deleted\//u.test(path)) did.cut += 1
      else tell('unexpected', `${path}: ${String(error)}`)
    }
    if (performance.now() - began > SLOW_MS) tell('slow', `${performance.now() - began} ms`)
  }
}

/**
 * @param {string} check
 * @param {string} detail
 */
function tell(check, detail) {
  process.stdout.write(`${JSON.stringify({ check, detail })}\n`)
}

/** @param {string} path bytes as characters */
function at(path) {
  return Buffer.from(path, 'latin1')
}

/** @param {string} path */
async function step(path) {
  switch (random.below(10)) {
    case 0:
      return writeTo(path)
    case 1:
      return askFor(`${path}/${random.pick(FAKES)}`)
    case 2:
      return void (await fs.statfs(at(path)))
    default:
      return look(path)
  }
}

/** A path that was there a moment ago. */
async function somewhere() {
  let path = mountpoint
  for (let depth = random.below(DEPTH); depth > 0; depth -= 1) {
    const entries = await fs.readdir(at(path), { encoding: 'latin1', withFileTypes: true })
    did.listed += 1
    const names = entries.map(({ name }) => name)
    if (new Set(names).size !== names.length) tell('two of a name', path)
    if (entries.length === 0) return path
    const entry = random.pick(entries)
    path += `/${entry.name}`
    if (!entry.isDirectory()) return path
  }
  return path
}

/** @param {string} path */
async function look(path) {
  const status = await fs.lstat(at(path))
  // What was a link for another file may be the file itself by now.
  const isNoLink = (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'EINVAL') throw error
  }
  if (status.isSymbolicLink()) return void (await fs.readlink(at(path)).catch(isNoLink))
  if (status.isDirectory()) {
    did.listed += 1
    for (const name of await fs.readdir(at(path), { encoding: 'latin1' })) {
      if (random.below(10) === 0) await fs.lstat(at(`${path}/${name}`)).catch(isGone)
    }
    return
  }
  if (status.isFile()) await read(path)
}

/** @param {unknown} error */
function isGone(error) {
  if (error instanceof Error && 'code' in error && GONE.includes(String(error.code))) return
  throw error
}

/** @param {string} path */
async function read(path) {
  const file = await fs.open(at(path), 'r')
  try {
    // What is open stays what it was, whatever is removed meanwhile.
    const held = random.below(20) === 0
    const beginning = Buffer.alloc(held ? 16 : 0)
    if (held) {
      did.held += 1
      await file.read(beginning, 0, beginning.length, 0)
      await sleep(random.below(4000))
    }
    const size = (await file.stat()).size
    const content = Buffer.alloc(size + 1)
    let length = 0
    for (;;) {
      const wanted = Math.min(content.length - length, 1 + random.below(200_000))
      const { bytesRead } = await file.read(content, length, wanted, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    did.read += 1
    did.bytes += length
    const fault = faultOf(path, content.subarray(0, length))
    if (fault !== undefined) tell('wrong content', `${path}: ${fault}`)
    if (!content.subarray(0, beginning.length).equals(beginning.subarray(0, length))) {
      tell('content changed while open', path)
    }
  } finally {
    await file.close()
  }
}

/** @param {string} path */
async function askFor(path) {
  await fs.lstat(at(path)).catch((error) => {
    if (!NO_NAME.includes(error.code)) throw error
  })
}

/** @param {string} path */
async function writeTo(path) {
  const fresh = at(`${path}/new`)
  const tries = [
    () => fs.writeFile(fresh, 'x'),
    () => fs.mkdir(fresh),
    () => fs.symlink('x', fresh),
    () => fs.rm(at(path), { recursive: true }),
    () => fs.rename(at(path), fresh),
    () => fs.chmod(at(path), 0o777),
    () => fs.chown(at(path), 1, 1),
    () => fs.utimes(at(path), 1, 1),
    () => fs.truncate(at(path), 0),
    () => fs.appendFile(at(path), 'x'),
    () => fs.link(at(path), fresh),
  ]
  const error = await random
    .pick(tries)()
    .then(
      () => undefined,
      (/** @type {NodeJS.ErrnoException} */ caught) => caught,
    )
  // Some are refused for another reason before anybody asks whether it may be written.
  const other = ['EISDIR', 'ENOTDIR', 'EINVAL', 'EPERM', 'EXDEV', 'EBUSY', 'EEXIST', 'ENOTEMPTY']
  if (error?.code === 'EROFS') did.refused += 1
  else if (error === undefined) tell('written', path)
  else if (![...NO_NAME, ...other].includes(error.code ?? '')) throw error
}
