/** An amount of bytes in the words of a user. */

const UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ...['k', 'M', 'G', 'T', 'P'].flatMap((letter, index): (readonly [string, number])[] => [
    [`${letter}B`, 1000 ** (index + 1)],
    // A letter alone is what rsync, restic and du take it for.
    ...[`${letter.toUpperCase()}iB`, letter.toUpperCase(), letter.toLowerCase()].map(
      (unit): readonly [string, number] => [unit, 1024 ** (index + 1)],
    ),
  ]),
  ['KB', 1000],
])

/** For the sentence that refuses another text. */
export const BYTE_SIZE_EXAMPLES = '"5 GiB", "5G" or "500 MB"'

/** `5 GiB` or `5G`, `500 MB`, `1.5TB`; a number alone has no unit and is not guessed at. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([A-Za-z]{1,3})$/u.exec(text.trim()) ?? []
  const inBytes = UNITS.get(unit ?? '')
  return digits === undefined || inBytes === undefined
    ? undefined
    : Math.round(Number(digits) * inBytes)
}
