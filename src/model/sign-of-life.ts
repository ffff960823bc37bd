/**
 * What a backup lets be known of itself while it gets on. Whoever does long work gives a sign; the process boundary
 * alone listens, and passes it on to the process that watches. Without a listener a sign costs nothing, and the one
 * who gives it need not know who hears.
 */
import { channel, subscribe } from 'node:diagnostics_channel'

/** Stretches of a backup, in the words of whoever has to say what it was at when nothing moved any more. */
export const STRETCHES = {
  begin: 'the configuration, the repository and the source were looked at',
  wait: 'the lock of the series was looked at',
  scan: 'the source was scanned',
  compare: 'files were compared',
  copy: 'files were copied',
  link: 'unchanged files were linked',
  finish: 'the directories were finished',
  sync: 'the snapshot was checked and written to the disk',
  publish: 'the snapshot was given its name',
  settle: 'what lies beside the snapshot was tidied up',
  tidy: 'the rest of a failed run was tidied up',
} as const
export type Stretch = keyof typeof STRETCHES

export type Sign =
  /** Something got done, maybe in another stretch than the one before. */
  | { readonly kind: 'moved'; readonly stretch?: Stretch }
  /** A profile begins. */
  | {
      readonly kind: 'profile'
      readonly name: string
      /** For how long nothing may move; Infinity: for ever. */
      readonly stallMs: number
      /** The profiles after it. */
      readonly later: readonly string[]
    }
  /** The disk that `sync` writes to, as the `st_dev` of stat(2). */
  | { readonly kind: 'disk'; readonly device: number }

const NAME = 'snapfs:sign-of-life'
const signs = channel(NAME)
const MOVED: Sign = { kind: 'moved' }

/** Says that the work gets on: once for each entry is not too often. */
export function showLife(stretch?: Stretch): void {
  if (!signs.hasSubscribers) return
  signs.publish(stretch === undefined ? MOVED : { kind: 'moved', stretch })
}

/** Gives any sign; without a listener nothing happens. */
export function giveSign(sign: Sign): void {
  signs.publish(sign)
}

/** Hears every sign that is given in this process from now on. */
export function hearSigns(hear: (sign: Sign) => void): void {
  // Nobody else publishes under this name.
  subscribe(NAME, (sign) => hear(sign as Sign))
}
