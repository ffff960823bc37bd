/** What a user is told of a backup that could not tell itself how it ended. */
import type { ErrorCode } from '../errors/snapfs-error.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { formatDuration } from '../model/duration.ts'
import { END_CODES, type EndSignal } from '../model/end-signal.ts'
import { STRETCHES, type Stretch } from '../model/sign-of-life.ts'

/** What is known of it. */
export interface LastSeen {
  /** What it was at. */
  readonly stretch: Stretch
  /** Profiles that were to follow. */
  readonly later: readonly string[]
  /** The processes that SIGKILL did not end. */
  readonly undying: readonly number[]
}

/** Of an engine that was killed since nothing moved. @param stallMs for how long */
export function stalledError(stallMs: number, seen: LastSeen): SnapfsError {
  const what = `Nothing moved for ${formatDuration(stallMs)} while ${STRETCHES[seen.stretch]}.`
  const hint =
    'Does a disk or a network file system hang? "stall_timeout" in the configuration says how long to wait.'
  return failure('RSYNC_FAILED', what, hint, seen)
}

/** Of an engine that was asked to end, and then killed. @param how it came to that */
export function endedError(
  signal: EndSignal,
  how: 'did not answer' | 'was not waited for',
  seen: LastSeen,
): SnapfsError {
  const isDeaf = how === 'did not answer'
  const why = isDeaf ? ` It did not answer while ${STRETCHES[seen.stretch]}.` : ''
  const hint = isDeaf ? 'Does a disk or a network file system hang?' : ''
  return failure(END_CODES[signal], `Ended by ${signal}.${why}`, hint, seen)
}

/** Of an engine that ended by a signal which nobody here had sent. */
export function killedError(signal: string, seen: LastSeen): SnapfsError {
  const what = `The process that made the backup was ended by ${signal}, while ${STRETCHES[seen.stretch]}.`
  const hint = signal === 'SIGKILL' ? 'Did memory run out? See the end of: dmesg.' : ''
  return failure('KILLED', what, hint, seen)
}

function failure(code: ErrorCode, what: string, hint: string, seen: LastSeen): SnapfsError {
  const { later } = seen
  return new SnapfsError(code, what + stillAlive(seen), {
    hint: [published(seen), hint].filter((part) => part !== '').join(' '),
    details: later.length === 0 ? [] : [`not begun: ${later.join(', ')}`],
  })
}

function stillAlive({ undying, stretch }: LastSeen): string {
  if (undying.length === 0) return ''
  const processes = undying.length === 1 ? 'Process' : 'The processes'
  const unended = ` ${processes} ${undying.join(', ')} could not be ended, not even by SIGKILL`
  return stretch === 'begin' || stretch === 'wait'
    ? `${unended}; a disk does not answer.`
    : `${unended}; the series stays locked until the disk answers.`
}

/** The name of a snapshot is given in one step, and nobody saw whether it was taken. */
function published({ stretch }: LastSeen): string {
  return stretch === 'publish' || stretch === 'settle'
    ? '"snapfs list" tells whether the snapshot was published; if so, it is whole.'
    : 'Nothing was published; earlier snapshots are untouched, and the next backup goes on from what was copied.'
}
