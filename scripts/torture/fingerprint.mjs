/**
 * A published snapshot as text: every byte and every attribute that must never change. Not in it: ctime
 * and the number of links, which a later snapshot may change by sharing a file, and atime.
 */
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { run } from './processes.mjs'

/**
 * @param {string} directory
 * @returns {Promise<string>} one line per entry, by name, and then the extended attributes and ACLs
 */
export async function fingerprint(directory) {
  /** @type {string[]} */
  const lines = []
  /** @type {Map<bigint, string>} which names are one file */
  const firstNames = new Map()
  const visit = (/** @type {string} */ path) => {
    const place = Buffer.from(directory + path, 'latin1')
    const status = lstatSync(place, { bigint: true })
    const first = firstNames.get(status.ino) ?? path
    firstNames.set(status.ino, first)
    const { mode, uid, gid, size, mtimeNs, rdev } = status
    let content = ''
    if (status.isFile()) content = createHash('sha256').update(readFileSync(place)).digest('hex')
    else if (status.isSymbolicLink()) content = readlinkSync(place, { encoding: 'latin1' })
    const measure = status.isDirectory() ? '-' : size
    const words = [mode.toString(8), uid, gid, measure, mtimeNs, rdev, content]
    lines.push([path, ...words, first === path ? '' : `= ${first}`].map(visible).join('\t'))
    if (!status.isDirectory()) return
    for (const name of readdirSync(place, { encoding: 'latin1' }).sort()) visit(`${path}/${name}`)
  }
  visit('')
  const words = ['-R', '-h', '-d', '-m', '-', '-e', 'hex', '.']
  const attributes = await run('getfattr', words, { cwd: directory })
  // xfs shows an ACL to root twice; the second is made from the first.
  const once = attributes.replaceAll(/^trusted\.SGI_ACL_.*\n/gmu, '')
  return [...lines, ...once.split('\n\n').sort()].join('\n')
}

/** @param {unknown} value */
function visible(value) {
  return String(value).replaceAll('\n', String.raw`\n`)
}

/**
 * The first lines in which two fingerprints differ.
 * @param {string} before
 * @param {string} after
 */
export function differingLines(before, after) {
  const left = new Set(before.split('\n'))
  const right = new Set(after.split('\n'))
  const gone = [...left].filter((line) => !right.has(line)).map((line) => `- ${line}`)
  const come = [...right].filter((line) => !left.has(line)).map((line) => `+ ${line}`)
  return [...gone.slice(0, 4), ...come.slice(0, 4)].join('\n')
}
