/** The option `--wait[=DURATION]`. */
import { Option } from 'commander'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { parseDurationMs } from '../model/duration.ts'
import { parseWaitLimitMs, WAIT_FOREVER, WAIT_LIMIT_EXAMPLES } from '../model/wait-limit.ts'

/** Its value is in milliseconds; Infinity for ever. */
export function waitOption(): Option {
  const option = new Option(
    '--wait [DURATION]',
    'wait for another backup of the profile to end, at most so long (default: for ever)',
  ).argParser(parseWaitOption)
  option.flags = '--wait[=<DURATION>]'
  return option
}

/** @throws SnapfsError USAGE */
export function parseWaitOption(text: string): number {
  const waitMs = parseWaitLimitMs(text)
  if (waitMs !== undefined) return waitMs
  throw new SnapfsError(
    'USAGE',
    `--wait=${text}: a duration is written as ${WAIT_LIMIT_EXAMPLES}.`,
    { hint: 'Correct the command line; nothing was done. See: snapfs backup --help' },
  )
}

/**
 * Says what `--wait` alone means: commander would take the next word, which is a profile, for its duration. As
 * elsewhere, the value of an option that need not have one stands behind "=".
 */
export function spellOutWait(words: readonly string[]): readonly string[] {
  if (words[0] !== 'backup') return words
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words.map((word, index) =>
    word === '--wait' && index < end ? `--wait=${WAIT_FOREVER}` : word,
  )
}

/** The duration that somebody wrote behind `--wait` without "=", so that it became a profile's name. */
export function strayWaitLimit(
  waitMs: number | undefined,
  names: readonly string[],
  profiles: readonly string[],
): string | undefined {
  if (waitMs !== Infinity) return undefined
  return names.find((name) => parseDurationMs(name) !== undefined && !profiles.includes(name))
}
