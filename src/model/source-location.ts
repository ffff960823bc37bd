/** Where a source is: on this machine, on another one behind ssh, or in a module of an rsync daemon. */

export type SourceLocation =
  | { readonly kind: 'local'; readonly path: string }
  | {
      readonly kind: 'ssh'
      readonly user: string | undefined
      /** A name or an address; one of IPv6 in brackets. */
      readonly host: string
      /** Absolute there, without a slash at the end. */
      readonly path: string
    }
  | {
      readonly kind: 'daemon'
      readonly user: string | undefined
      readonly host: string
      /** As digits; undefined for the daemon's usual one. */
      readonly port: string | undefined
      readonly module: string
      /** Below the module, without a slash at either end; empty for all of it. */
      readonly path: string
    }

export type RemoteLocation = Exclude<SourceLocation, { readonly kind: 'local' }>

export type LocationReading =
  | { readonly kind: 'location'; readonly location: SourceLocation }
  /** What is wrong with the text, as the end of a sentence that begins with it. */
  | { readonly kind: 'refused'; readonly objection: string }

/** A name that begins otherwise could be read as an option by a program it is given to. */
const HOST =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,254}|\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,32})?\])$/u
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/u
const PORT = /^[1-9]\d{0,4}$/u
const CONTROL = /[\0-\x1f\x7f]/u

/** As rsync reads it: a colon before the first slash names a host. */
const SSH = /^(?:([^/:]*)@)?(\[[^\]/]*\]|[^/:]*):(.*)$/su
const DAEMON =
  /^rsync:\/\/(?:([^/]*)@)?(\[[^\]/]*\]|[^/:[\]]*)(?::([^/]*))?(?:\/+([^/]*)(?:\/+(.*))?)?$/isu

/** Whether rsync would look for it on another machine. `./a:b` and `/a:b` are on this one. */
export function looksRemote(text: string): boolean {
  return /^[^/]*:/u.test(text)
}

/** Reads what a user wrote as a source. A local path is taken as it is, relative or not. Pure. */
export function parseSourceLocation(text: string): LocationReading {
  if (!looksRemote(text)) return { kind: 'location', location: { kind: 'local', path: text } }
  if (CONTROL.test(text)) return refused('holds a control character, which no remote source may')
  return /^rsync:/iu.test(text) ? parseDaemon(text) : parseSsh(text)
}

/** The location as a user writes it. It holds no secret. */
export function formatRemoteLocation(location: RemoteLocation): string {
  const user = location.user === undefined ? '' : `${location.user}@`
  if (location.kind === 'ssh') return `${user}${location.host}:${location.path}`
  const port = location.port === undefined ? '' : `:${location.port}`
  const path = location.path === '' ? '' : `/${location.path}`
  return `rsync://${user}${location.host}${port}/${location.module}${path}`
}

function parseSsh(text: string): LocationReading {
  const match = SSH.exec(text)
  if (match === null) return refused('names no host in a form that snapfs knows')
  const [, user, host = '', path = ''] = match
  const objection = objectionToUser(user) ?? objectionToHost(host)
  if (objection !== undefined) return refused(objection)
  if (path.startsWith(':')) {
    return refused('is a daemon in a form that snapfs does not take; write rsync://HOST/MODULE')
  }
  if (path.startsWith('//')) {
    return refused(
      'has a scheme that snapfs does not know; write HOST:/PATH or rsync://HOST/MODULE',
    )
  }
  if (!path.startsWith('/')) {
    return refused(
      `is the host "${host}" without a full path; write HOST:/PATH, or ./${text} for a local path that holds a colon`,
    )
  }
  const location = { kind: 'ssh', user, host, path: path.replace(/\/+$/u, '') || '/' } as const
  return { kind: 'location', location }
}

function parseDaemon(text: string): LocationReading {
  const match = DAEMON.exec(text)
  if (match === null) return refused('is not of the form rsync://[USER@]HOST[:PORT]/MODULE[/PATH]')
  const [, user, host = '', port, module = '', path = ''] = match
  if (user?.includes(':')) {
    return refused('holds a password; write it into a file and name that as password_file')
  }
  const objection = objectionToUser(user) ?? objectionToHost(host)
  if (objection !== undefined) return refused(objection)
  if (port !== undefined && (!PORT.test(port) || Number(port) > 65_535)) {
    return refused(`has a port that is none: "${port}"`)
  }
  if (module === '' || module.startsWith('-')) {
    return refused('names no module; rsync://HOST/MODULE does, and "rsync HOST::" lists them')
  }
  const location = {
    kind: 'daemon',
    user,
    host,
    port,
    module,
    path: path.replace(/\/+$/u, ''),
  } as const
  return { kind: 'location', location }
}

function objectionToHost(host: string): string | undefined {
  if (HOST.test(host)) return undefined
  return `has a host that is none: "${host}"; letters, digits, ".", "_" and "-" may be in it, and [::1] is an address`
}

function objectionToUser(user: string | undefined): string | undefined {
  if (user === undefined || USER.test(user)) return undefined
  return `has a user that is none: "${user}"; letters, digits, ".", "_" and "-" may be in it`
}

function refused(objection: string): LocationReading {
  return { kind: 'refused', objection }
}
