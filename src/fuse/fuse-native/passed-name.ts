/**
 * fuse-native passes names as UTF-8 text, so bytes that are not text need a spelling of their own, or
 * their files could be listed but never opened. Each such byte becomes one private-use character
 * (U+F780 to U+F7FF); characters of that range in real names are spelled the same way, byte by byte,
 * so that two different names never look alike.
 */
import { createHash } from 'node:crypto'
import { type EntryName, nameFromBytes, textOfName } from '../../model/entry-name.ts'

const FIRST = 0xf780
const LAST = 0xf7ff
const PRIVATE_USE = /[\uf780-\uf7ff]/u
/** NAME_MAX; the spelling takes three bytes for one, so a long name may have to be shortened. */
const NAME_LIMIT_BYTES = 255
/** Of a shortened name: time, offset and extension of a version fit in. */
const TAIL_BYTES = 48
const HASH_LENGTH = 12

/** A name as fuse-native can pass it. */
export function passedName(name: EntryName): string {
  if (!/[^\0-\x7f]/u.test(name)) return name
  const text = textOfName(name)
  const spelled = text !== undefined && !PRIVATE_USE.test(text) ? text : spell(name)
  return Buffer.byteLength(spelled) <= NAME_LIMIT_BYTES ? spelled : shorten(spelled)
}

/** The name a passed one stands for, unless it was shortened. */
export function nameOfPassed(passed: string): EntryName {
  let bytes = ''
  for (const character of passed) {
    const code = character.codePointAt(0) ?? 0
    bytes +=
      code >= FIRST && code <= LAST
        ? String.fromCharCode(code - FIRST + 0x80)
        : Buffer.from(character, 'utf8').toString('latin1')
  }
  return nameFromBytes(bytes)
}

/** Whether a name may be a shortened one, which only a look at the whole directory can undo. */
export function mayBeShortened(passed: string): boolean {
  return /~[0-9a-f]{12}/u.test(passed)
}

function spell(name: string): string {
  let result = ''
  for (let index = 0; index < name.length;) {
    const length = characterLength(name.charCodeAt(index))
    const text = textOfName(name.slice(index, index + length))
    if (text !== undefined && text !== '' && !PRIVATE_USE.test(text)) {
      result += text
      index += length
    } else {
      result += String.fromCodePoint(FIRST + (name.charCodeAt(index) & 0x7f))
      index += 1
    }
  }
  return result
}

/** How many bytes a UTF-8 character has that begins with this one. */
function characterLength(byte: number): number {
  if (byte < 0xc0) return 1
  if (byte < 0xe0) return 2
  return byte < 0xf0 ? 3 : 4
}

/**
 * Leaves out the middle, for which a hash stands. The end is kept, since it holds the time and the extension of
 * a version; versions of one file lose the same middle, so they still sort by time.
 */
function shorten(spelled: string): string {
  const characters = Array.from(spelled)
  const tail: string[] = []
  let tailBytes = 0
  while (tailBytes < TAIL_BYTES) {
    const character = characters.pop() ?? ''
    tail.unshift(character)
    tailBytes += Buffer.byteLength(character)
  }
  const room = NAME_LIMIT_BYTES - tailBytes - HASH_LENGTH - 1
  let head = ''
  let headBytes = 0
  while (headBytes + Buffer.byteLength(characters[0] ?? '') <= room) {
    const character = characters.shift() ?? ''
    head += character
    headBytes += Buffer.byteLength(character)
  }
  const hash = createHash('sha256').update(characters.join('')).digest('hex').slice(0, HASH_LENGTH)
  return `${head}~${hash}${tail.join('')}`
}
