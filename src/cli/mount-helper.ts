/**
 * What mount(8) types: `snapfs REPO MOUNTPOINT -o OPTIONS`, for a line of fstab with the type fuse.snapfs (mount.fuse(8)
 * of fuse3 starts it so).
 */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { DRIVER_NAMES } from '../fuse/driver.ts'

/** Options with which snapfs is told what to show; the rest of a comma-separated list is for others. */
const OWN: ReadonlyMap<string, (value: string) => string> = new Map([
  ['profile', (value) => `--profile=${value}`],
  ['date_format', (value) => `--date-format=${value}`],
  ['driver', (value) => `--driver=${value}`],
])

/**
 * Said to mount(8) or to systemd, or true of every mount of snapfs: it is read-only, without devices and setuid, whatever
 * is asked.
 */
const OTHERS = new Set([
  ...['rw', 'ro', 'suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec', 'sync', 'async', 'dirsync'],
  ...['atime', 'noatime', 'relatime', 'norelatime', 'strictatime', 'nodiratime', 'diratime'],
  ...['auto', 'noauto', 'user', 'nouser', 'users', 'owner', 'group', 'nogroup', 'defaults'],
  ...[
    'nofail',
    'fail',
    '_netdev',
    'default_permissions',
    'loud',
    'silent',
    'lazytime',
    'nolazytime',
  ],
])

/**
 * Says a command line of mount(8) as snapfs does.
 * @returns the words as they are when they are no such command line
 * @throws SnapfsError USAGE
 */
export function spellOutMount(words: readonly string[]): readonly string[] {
  // No command begins with a slash.
  if (words[0]?.startsWith('/') !== true) return words
  const places: string[] = []
  const options: string[] = []
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    if (word === '-o') options.push(...(words[(index += 1)] ?? '').split(','))
    else if (/^-[nsv]+$/u.test(word)) continue
    else places.push(word)
  }
  const [repository, mountpoint] = places
  if (repository === undefined || mountpoint === undefined || places.length > 2) {
    throw refused('mount(8) names a repository and a mountpoint', words.join(' '))
  }
  const said = options.filter((option) => option !== '').flatMap((option) => sayOption(option))
  return ['mount', `--repository=${repository}`, ...said, '--', mountpoint]
}

function sayOption(option: string): readonly string[] {
  if (option === 'allow_other') return ['--allow-other']
  if (option === 'passthrough') return ['--passthrough']
  if (OTHERS.has(option) || /^(?:x-|comment=|user=|helper=)/u.test(option)) return []
  const [name = '', ...value] = option.split('=')
  const say = OWN.get(name)
  if (say === undefined || value.length === 0)
    throw refused('the mount option is not known', option)
  return [say(value.join('='))]
}

function refused(reason: string, text: string): SnapfsError {
  return new SnapfsError('USAGE', `${text}: ${reason}.`, {
    hint: `In /etc/fstab: REPO MOUNTPOINT fuse.snapfs OPTIONS; snapfs takes profile=NAME, date_format=FORMAT, driver=${DRIVER_NAMES.join('|')} passthrough and allow_other.`,
  })
}
