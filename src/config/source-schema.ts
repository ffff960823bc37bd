/** The keys of a profile that say where its source is, and how to get there. */
import * as v from 'valibot'
import type { RemoteAccess } from '../model/remote-access.ts'
import { looksRemote, parseSourceLocation } from '../model/source-location.ts'

/** A path of this machine. */
export const pathSchema = v.pipe(
  v.string(),
  v.check((path) => /^(?:\/|~\/|~$)/u.test(path), 'a path must begin with "/" or "~/"'),
  v.check((path) => !path.includes('\0'), 'a path cannot hold a NUL'),
)

/** The same, or a place on another machine. */
export const sourceSchema = v.pipe(
  v.string(),
  v.check(
    (text) => objectionToSource(text) === undefined,
    ({ input }) => objectionToSource(input) ?? '',
  ),
)

const portSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

/** ssh looks for a key by the path as it is, and reads it by the path with what it replaced. */
const keySchema = v.pipe(
  pathSchema,
  v.check((path) => !/[%$]/u.test(path), 'the path of a key for ssh cannot hold "%" or "$"'),
)

export const accessEntries = {
  ssh_port: v.optional(portSchema),
  ssh_key: v.optional(keySchema),
  ssh_config: v.optional(pathSchema),
  password_file: v.optional(pathSchema),
}

interface AccessTable {
  readonly source: string
  readonly ssh_port?: number | undefined
  readonly ssh_key?: string | undefined
  readonly ssh_config?: string | undefined
  readonly password_file?: string | undefined
}

/** The first key that has no meaning for the source, and what it is for. */
export function strayAccessKey(
  table: AccessTable,
): { readonly key: string; readonly objection: string } | undefined {
  const reading = parseSourceLocation(table.source)
  const kind = reading.kind === 'location' ? reading.location.kind : 'local'
  const keys = [
    ['ssh_port', 'ssh', 'is for a source such as "host:/path"'],
    ['ssh_key', 'ssh', 'is for a source such as "host:/path"'],
    ['ssh_config', 'ssh', 'is for a source such as "host:/path"'],
    ['password_file', 'daemon', 'is for a source such as "rsync://user@host/module"'],
  ] as const
  const stray = keys.find(([key, wanted]) => table[key] !== undefined && kind !== wanted)
  return stray === undefined ? undefined : { key: stray[0], objection: stray[2] }
}

/** What the keys say; undefined when they say nothing. */
export function accessOf(
  table: AccessTable,
  expandHome: (path: string) => string,
): RemoteAccess | undefined {
  const { ssh_port: sshPort, ssh_key: key, ssh_config: config, password_file: password } = table
  const access = {
    ...(sshPort === undefined ? {} : { sshPort }),
    ...(key === undefined ? {} : { sshKey: expandHome(key) }),
    ...(config === undefined ? {} : { sshConfig: expandHome(config) }),
    ...(password === undefined ? {} : { passwordFile: expandHome(password) }),
  }
  return Object.keys(access).length === 0 ? undefined : access
}

function objectionToSource(text: string): string | undefined {
  const reading = parseSourceLocation(text)
  if (reading.kind === 'refused') return `"${text}" ${reading.objection}`
  if (looksRemote(text) || v.is(pathSchema, text)) return undefined
  return 'a source must begin with "/" or "~/", or be HOST:/PATH or rsync://HOST/MODULE'
}
