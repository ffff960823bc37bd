/**
 * Which options of rsync a user may add. A list of what is allowed, since a new rsync brings new options: whatever
 * writes in place, changes attributes, decides what is in a snapshot or reaches outside of it would break a promise
 * behind the back of those who keep it. What is known is refused with its reason, anything else as unknown.
 */

export interface AllowedOption {
  readonly name: string
  /** Absent: it has no value. Else what the whole of it must be. */
  readonly value?: RegExp
  /** As one writes it. */
  readonly example: string
}

const SIZE = /^\d{1,9}(?:\.\d{1,3})?[kmgt]?(?:i?b)?$/iu
const COUNT = /^\d{1,6}$/u

/** None of these changes which entries a snapshot holds, what is in them, or what is linked. */
export const ALLOWED_OPTIONS: readonly AllowedOption[] = [
  { name: '--bwlimit', value: SIZE, example: '--bwlimit=50m' },
  { name: '--compress', example: '--compress' },
  { name: '--no-compress', example: '--no-compress' },
  {
    name: '--compress-choice',
    value: /^(?:zstd|lz4|zlibx|zlib|none)$/u,
    example: '--compress-choice=zlib',
  },
  { name: '--compress-level', value: /^-?\d{1,6}$/u, example: '--compress-level=3' },
  { name: '--skip-compress', value: /^[\w./[\]:-]*$/u, example: '--skip-compress=gz/jpg' },
  { name: '--whole-file', example: '--whole-file' },
  { name: '--no-whole-file', example: '--no-whole-file' },
  { name: '--block-size', value: /^\d{1,6}$/u, example: '--block-size=4096' },
  { name: '--fsync', example: '--fsync' },
  { name: '--timeout', value: COUNT, example: '--timeout=600' },
  { name: '--ipv4', example: '--ipv4' },
  { name: '--ipv6', example: '--ipv6' },
  {
    name: '--sockopts',
    value: /^[A-Z_]+(?:=\d+)?(?:,[A-Z_]+(?:=\d+)?)*$/u,
    example: '--sockopts=SO_KEEPALIVE',
  },
  { name: '--blocking-io', example: '--blocking-io' },
  { name: '--no-blocking-io', example: '--no-blocking-io' },
  { name: '--max-alloc', value: SIZE, example: '--max-alloc=1g' },
]

/** Each reason goes on after "since it". */
const REFUSED: readonly (readonly [reason: string, names: string])[] = [
  ['writes into files that older snapshots share', 'inplace append append-verify write-devices'],
  ['changes the access times that older snapshots share', 'atimes'],
  [
    'makes every file differ from the last snapshot, so that nothing is linked',
    'chmod chown usermap groupmap ignore-times copy-as',
  ],
  [
    'changes how rsync tells what is unchanged, and would link what is not',
    'size-only modify-window checksum checksum-choice checksum-seed fuzzy',
  ],
  ['keeps stale files', 'ignore-existing update existing ignore-non-existing'],
  [
    'removes or renames files',
    'remove-source-files remove-sent-files backup backup-dir suffix delete del delete-before delete-during delete-delay delete-after delete-excluded delete-missing-args ignore-missing-args ignore-errors max-delete force',
  ],
  ['is written one_file_system = true, so that the scan knows of it', 'one-file-system'],
  [
    'decides what is in a snapshot without the scan knowing; "exclude" leaves out what you do not want',
    'exclude exclude-from include include-from filter cvs-exclude files-from from0 max-size min-size prune-empty-dirs dirs old-dirs recursive relative no-implied-dirs list-only dry-run stop-after stop-at time-limit',
  ],
  [
    'follows links out of the source, or changes them',
    'copy-links copy-unsafe-links copy-dirlinks keep-dirlinks safe-links munge-links',
  ],
  [
    'is for snapfs to decide, which chooses what is linked and where it is written',
    'link-dest copy-dest compare-dest partial partial-dir temp-dir delay-updates mkpath archive',
  ],
  [
    'changes which attributes are stored',
    'links perms times group owner devices specials hard-links acls xattrs executability omit-dir-times omit-link-times super fake-super numeric-ids crtimes iconv copy-devices',
  ],
  ['allocates the holes of sparse files', 'preallocate sparse'],
  ['fails in some versions of rsync', 'open-noatime'],
  [
    'starts programs, or reads or writes files elsewhere',
    'rsh rsync-path log-file log-file-format password-file early-input write-batch only-write-batch read-batch config daemon server sender remote-option dparam',
  ],
  [
    'changes what rsync prints, which snapfs reads',
    'verbose quiet info debug stderr msgs2stderr out-format itemize-changes progress stats human-readable 8-bit-output outbuf motd version help',
  ],
  [
    'loosens a protection of rsync',
    'old-args insecure-links secluded-args protect-args trust-sender protocol',
  ],
  ['is for rsync daemons alone', 'contimeout address port'],
]

const REASONS: ReadonlyMap<string, string> = new Map(
  REFUSED.flatMap(([reason, names]) =>
    names.split(' ').map((name): readonly [string, string] => [`--${name}`, reason]),
  ),
)

/** The letters that people know by heart, so that their reason can be given. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ x: 'one-file-system', z: 'compress', W: 'whole-file', v: 'verbose' }),
  ...Object.entries({ n: 'dry-run', U: 'atimes', I: 'ignore-times', L: 'copy-links', u: 'update' }),
  ...Object.entries({ c: 'checksum', e: 'rsh', T: 'temp-dir', b: 'backup', P: 'partial' }),
  ...Object.entries({ q: 'quiet', k: 'copy-dirlinks', K: 'keep-dirlinks', C: 'cvs-exclude' }),
  ...Object.entries({
    f: 'filter',
    R: 'relative',
    a: 'archive',
    r: 'recursive',
    i: 'itemize-changes',
  }),
])

/**
 * Why a word cannot be an option of the user, to be put behind it; undefined when it can.
 * @param word as it would be passed to rsync
 */
export function objectionToRsyncOption(word: string): string | undefined {
  const letters = /^-([^-].*)$/su.exec(word)?.[1]
  if (letters !== undefined) return objectionToLetters(letters)
  if (!word.startsWith('--') || word === '--') return 'is no option; an option begins with "--"'
  const equals = word.indexOf('=')
  const name = equals === -1 ? word : word.slice(0, equals)
  const value = equals === -1 ? undefined : word.slice(equals + 1)
  const allowed = ALLOWED_OPTIONS.find((option) => option.name === name)
  if (allowed === undefined) return objectionToName(name)
  if (allowed.value === undefined) return value === undefined ? undefined : 'has no value'
  return value !== undefined && allowed.value.test(value)
    ? undefined
    : `is written as ${allowed.example}`
}

function objectionToLetters(letters: string): string {
  for (const letter of letters) {
    const reason = REASONS.get(`--${LETTERS.get(letter) ?? ''}`)
    if (reason !== undefined) return `is refused, since -${letter} ${reason}`
  }
  return 'is refused; write the long form, such as --compress'
}

function objectionToName(name: string): string {
  const reason = REASONS.get(name) ?? REASONS.get(name.replace(/^--no-/u, '--'))
  return reason === undefined ? 'is not known to be safe' : `is refused, since it ${reason}`
}
