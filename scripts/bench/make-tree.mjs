/** The trees the benchmarks work on: the same bytes every time, made of small text files. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'

const WORDS = 'the snapshot of every file is a link to one that did not change since last night'
const FILES_PER_DIRECTORY = 100
const MIB = 1024 * 1024
const SEED = 1_000_003

/**
 * A number from 0 up to 2^32 that depends on nothing but its arguments.
 * @param {number} seed
 */
function scramble(seed) {
  let value = (seed + 0x9e3779b9) | 0
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97)
  return (value ^ (value >>> 15)) >>> 0
}

/**
 * Text that no other seed gives.
 * @param {number} seed
 * @param {number} bytes
 */
export function text(seed, bytes) {
  const words = WORDS.split(' ')
  let result = `${seed}`
  for (let index = 0; result.length < bytes; index += 1) {
    result += ` ${words[scramble(seed * 31 + index) % words.length]}`
  }
  return `${result.slice(0, bytes - 1)}\n`
}

/**
 * The path of one of the files of `makeFiles`, below its root.
 * @param {number} index
 * @param {number} [perDirectory]
 */
export function pathOfFile(index, perDirectory = FILES_PER_DIRECTORY) {
  const directory = String(Math.floor(index / perDirectory)).padStart(4, '0')
  return `directory-${directory}/file-${String(index % perDirectory).padStart(4, '0')}.txt`
}

/**
 * Paths of so many of the files of `makeFiles`, in an order that nothing expects; the same every time.
 * @param {number} files how many there are
 * @param {number} count
 * @param {number} [perDirectory]
 */
export function pathsAtRandom(files, count, perDirectory = FILES_PER_DIRECTORY) {
  return Array.from({ length: files }, (_, index) => ({ index, rank: scramble(index + SEED) }))
    .sort((left, right) => left.rank - right.rank)
    .slice(0, count)
    .map(({ index }) => pathOfFile(index, perDirectory))
}

/**
 * Small text files in directories of equal size; sizes spread evenly round the mean.
 * @param {string} root is made
 * @param {{ files: number, perDirectory?: number, meanBytes?: number }} shape
 */
export function makeFiles(root, { files, perDirectory = FILES_PER_DIRECTORY, meanBytes = 1200 }) {
  mkdirSync(root)
  for (let index = 0; index < files; index += 1) {
    const path = `${root}/${pathOfFile(index, perDirectory)}`
    if (index % perDirectory === 0) mkdirSync(path.slice(0, path.lastIndexOf('/')))
    writeFileSync(path, text(index, sizeOf(index, meanBytes)))
  }
}

/**
 * From half the mean to one and a half of it.
 * @param {number} index
 * @param {number} meanBytes
 */
function sizeOf(index, meanBytes) {
  return Math.floor(meanBytes / 2) + (scramble(index) % meanBytes)
}

/**
 * Rewrites every so-manieth file in place; its size changes.
 * @param {string} root made by `makeFiles`
 * @param {number} files how many there are
 * @param {number} every
 * @param {number} [round] what is written is other text in each
 * @param {number} [perDirectory]
 */
export function changeFiles(root, files, every, round = 0, perDirectory = FILES_PER_DIRECTORY) {
  for (let index = 0; index < files; index += every) {
    writeFileSync(
      `${root}/${pathOfFile(index, perDirectory)}`,
      text(index + files * (round + 1), 2000),
    )
  }
}

/**
 * Gives every directory below the root another name; what is in them is not touched.
 * @param {string} root
 * @param {string} word
 */
export function renameDirectories(root, word) {
  for (const name of readdirSync(root)) {
    renameSync(`${root}/${name}`, `${root}/${word}-${name.replace(/^round-\d+-/u, '')}`)
  }
}

/**
 * Gives every file another name, which moves its ctime.
 * @param {string} root
 * @param {string} word
 */
export function renameFiles(root, word) {
  for (const directory of readdirSync(root)) {
    for (const name of readdirSync(`${root}/${directory}`)) {
      const now = `${word}-${name.replace(/^round-\d+-/u, '')}`
      renameSync(`${root}/${directory}/${name}`, `${root}/${directory}/${now}`)
    }
  }
}

/**
 * @param {string} root is made
 * @param {number} files
 * @param {number} sizeMiB of each
 */
export function makeLargeFiles(root, files, sizeMiB) {
  mkdirSync(root)
  for (let index = 0; index < files; index += 1)
    makeLargeFile(`${root}/large-${index}`, sizeMiB, index)
}

/**
 * Writes one of the large files anew.
 * @param {string} root
 * @param {number} sizeMiB
 * @param {number} round
 */
export function changeLargeFile(root, sizeMiB, round) {
  makeLargeFile(`${root}/large-0`, sizeMiB, 1000 + round)
}

/**
 * One large file without holes, which no compression and no deduplication makes smaller.
 * @param {string} path
 * @param {number} sizeMiB
 * @param {number} [seed]
 */
export function makeLargeFile(path, sizeMiB, seed = 0) {
  const numbers = new Uint32Array(MIB / 4)
  const descriptor = openSync(path, 'w')
  try {
    for (let index = 0; index < sizeMiB; index += 1) {
      const start = (seed * sizeMiB + index) * numbers.length
      numbers.forEach((_, place) => (numbers[place] = scramble(start + place)))
      writeSync(descriptor, numbers)
    }
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
