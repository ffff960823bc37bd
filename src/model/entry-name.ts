/**
 * Names in a file system are bytes, not text: Linux allows every byte but NUL and `/`. Inside snapfs a
 * name is a string in which every character is one byte (Node calls this encoding latin1). Such
 * strings compare in byte order, are cheap as map keys and lose nothing; `readdir` as UTF-8 replaces
 * what it cannot decode and makes the file unreachable.
 */

declare const byteString: unique symbol

/** One component of a path, as bytes: never empty, `.`, `..`, nor holding NUL or `/`. */
export type EntryName = string & { readonly [byteString]: 'name' }

/** From the root of a tree down to an entry; empty for the root itself. */
export type EntryPath = readonly EntryName[]

/** An absolute path of the operating system as bytes, in the same one-character-per-byte form. */
export type BytePath = string & { readonly [byteString]: 'path' }

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of ordinary text, as a name. The caller guarantees that it is one component. */
export function nameFromText(text: string): EntryName {
  return Buffer.from(text, 'utf8').toString('latin1') as EntryName
}

/** A string that already holds one byte per character, such as `readdir` with latin1 gives. */
export function nameFromBytes(bytes: string | Buffer): EntryName {
  return (typeof bytes === 'string' ? bytes : bytes.toString('latin1')) as EntryName
}

/** The name as text, or undefined when its bytes are not UTF-8. */
export function textOfName(name: string): string | undefined {
  try {
    return decoder.decode(Buffer.from(name, 'latin1'))
  } catch {
    return undefined
  }
}

export function bytePathFromText(path: string): BytePath {
  return Buffer.from(path, 'utf8').toString('latin1') as BytePath
}

/** Appends names to a path. */
export function joinPath(base: BytePath, ...names: readonly string[]): BytePath {
  return (names.length === 0 ? base : `${base === '/' ? '' : base}/${names.join('/')}`) as BytePath
}

/** A path below a tree as the directory it is in, empty for the root, and its last name. */
export function splitPath(path: string): readonly [directory: string, name: string] {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
}

const NOT_ASCII = /[^\0-\u007f]/u

/** What `fs` functions take: bytes that no encoding touches. Most paths are the same as text, which costs no memory. */
export function systemPath(path: BytePath): Buffer | string {
  return NOT_ASCII.test(path) ? Buffer.from(path, 'latin1') : path
}

// C0 and C1 controls, DEL, and the bidirectional overrides that can disguise a file name.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\\]/gu

/**
 * A name or path for a terminal, a log or a message: text where it is UTF-8, control characters and
 * the bytes that are not text as `\xNN`, a backslash doubled, so that no name can move the cursor,
 * break a line or pass for another.
 */
export function printableName(name: string): string {
  const text = textOfName(name)
  if (text === undefined) {
    return Array.from(name, (byte) =>
      byte >= ' ' && byte <= '~' && byte !== '\\' ? byte : escapeByte(byte),
    ).join('')
  }
  return text.replace(UNPRINTABLE, (character) =>
    Array.from(Buffer.from(character, 'utf8').toString('latin1'), escapeByte).join(''),
  )
}

/** The same for text that is already UTF-16, such as a path given on the command line. */
export function printableText(text: string): string {
  return printableName(Buffer.from(text, 'utf8').toString('latin1'))
}

/** A sentence with a name in it, for a terminal: control characters as `\xNN`, all else as it is. */
export function printableSentence(text: string): string {
  return text
    .split('\\')
    .map((part) => printableText(part))
    .join('\\')
}

function escapeByte(byte: string): string {
  return byte === '\\' ? '\\\\' : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}
