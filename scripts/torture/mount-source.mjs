/** A source whose files say what they are, so that content in the wrong place is seen, and its changes. */
import * as fs from 'node:fs'
import { randomFrom } from './random.mjs'

/** @typedef {import('./random.mjs').Random} Random */

const DIRECTORIES = ['a', 'a/b', 'a/b/c', 'd e', 'f\xfc', '.g', 'h']
const FILES_AT_LEAST = 150
const FILES_AT_MOST = 400
const LARGE_BYTES = 3_000_000
const SMALL_BYTES = 20_000
const EXTENSIONS = ['.txt', '.tar.gz', '', '.\xff', '.jpg']
/** Also in the name of a version, and of one that was shortened. */
const NUMBER = /\/f(\d+)(?:[^/]*)$/u

export class MovingSource {
  /**
   * @param {string} root is made
   * @param {number} seed
   */
  constructor(root, seed) {
    this.root = root
    this.random = randomFrom(seed, 'source')
    this.next = 1
    /** @type {Map<string, number>} below the root, and how often it was written */
    this.files = new Map()
    fs.mkdirSync(root)
    for (const name of DIRECTORIES) fs.mkdirSync(this.#at(name), { recursive: true })
    while (this.files.size < FILES_AT_LEAST) this.#create()
  }

  /** Some changes; each file keeps its number wherever it goes, and no number comes again. */
  change() {
    for (let count = 1 + this.random.below(30); count > 0; count -= 1) {
      const path = this.random.pick([...this.files.keys()])
      switch (this.random.below(6)) {
        case 0:
        case 1:
          this.#write(path)
          break
        case 2:
          if (this.files.size < FILES_AT_MOST) this.#create()
          break
        case 3:
          if (this.files.size > FILES_AT_LEAST) {
            fs.rmSync(this.#at(path))
            this.files.delete(path)
          }
          break
        case 4:
          this.#rename(path)
          break
        default:
          fs.chmodSync(this.#at(path), 0o600 + this.random.below(0o100))
      }
    }
  }

  #create() {
    const path = `${this.random.pick(DIRECTORIES)}/f${this.next}${this.random.pick(EXTENSIONS)}`
    this.next += 1
    this.#write(path)
  }

  /** Of any size, or of the same as before, and now and then with the same time. */
  #write(/** @type {string} */ path) {
    const number = NUMBER.exec(`/${path}`)?.[1]
    const written = (this.files.get(path) ?? 0) + 1
    const large = this.random.below(60) === 0
    const before = this.files.has(path) ? fs.statSync(this.#at(path)) : undefined
    const size =
      before !== undefined && this.random.below(2) === 0
        ? before.size
        : 64 + this.random.below(large ? LARGE_BYTES : SMALL_BYTES)
    const content = Buffer.alloc(size, `${number} ${written}\n`)
    content.write(`f${number} ${size} ${String(written).padStart(8)}\n`)
    content.write('end\n', size - 4)
    // In place of the one before, or into it.
    if (this.random.below(2) === 0) fs.rmSync(this.#at(path), { force: true })
    fs.writeFileSync(this.#at(path), content)
    if (before !== undefined && this.random.below(3) === 0) {
      fs.utimesSync(this.#at(path), before.atime, before.mtime)
    }
    this.files.set(path, written)
  }

  #rename(/** @type {string} */ path) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const target = `${this.random.pick(DIRECTORIES)}/${name}`
    if (this.files.has(target)) return
    fs.renameSync(this.#at(path), this.#at(target))
    this.files.set(target, this.files.get(path) ?? 1)
    this.files.delete(path)
  }

  #at(/** @type {string} */ path) {
    return Buffer.from(`${this.root}/${path}`, 'latin1')
  }
}

/**
 * What is wrong with the content of a file at a path of the view, if anything.
 * @param {string} path bytes as characters
 * @param {Buffer} content
 * @returns {string | undefined}
 */
export function faultOf(path, content) {
  const number = NUMBER.exec(path)?.[1]
  if (number === undefined) return undefined
  const [, holds, size] = /^f(\d+) (\d+) +\d+\n/u.exec(content.toString('latin1', 0, 64)) ?? []
  if (holds !== number) return `holds ${holds === undefined ? 'no file' : `f${holds}`}`
  if (Number(size) !== content.length) return `${content.length} bytes of ${size}`
  return content.toString('latin1', content.length - 4) === 'end\n' ? undefined : 'has another end'
}
