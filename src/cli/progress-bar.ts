/** The bar a terminal shows while a backup runs. */
import { Presets, SingleBar } from 'cli-progress'
import type { Progress, Step } from '../actions/backup-progress.ts'
import { bytesText, countText } from '../model/figures.ts'
import { RecentSpeed } from './recent-speed.ts'
import { durationText } from './render-duration.ts'

export interface ProgressBar {
  show(progress: Progress): void
  /** Clears the line. */
  close(): void
}

const REDRAWS_PER_SECOND = 8
/** The bar counts in parts of this. */
const WHOLE = 10_000

const VERBS: Readonly<Record<Step, string>> = {
  scan: 'scanning',
  compare: 'comparing',
  copy: 'copying',
  link: 'linking',
  finish: 'writing to the disk',
}

/**
 * @param elapsed milliseconds of a clock that does not jump
 */
export function progressBar(
  label: string,
  stream: NodeJS.WriteStream,
  elapsed: () => number,
): ProgressBar {
  const speed = new RecentSpeed()
  const bar = new SingleBar(
    {
      stream,
      format: `${label} {bar} {percentage} %  {words}`,
      fps: REDRAWS_PER_SECOND,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 20,
      // Also while rsync sits in one large file.
      noTTYOutput: false,
      stopOnComplete: false,
    },
    Presets.shades_classic,
  )
  bar.start(WHOLE, 0, { words: VERBS.scan })
  return {
    show(progress) {
      const { share, bytes } = progress
      speed.add({ atMs: elapsed(), share, bytes })
      bar.update(Math.floor((share ?? 0) * WHOLE), { words: progressWords(progress, speed) })
    },
    close() {
      bar.stop()
    },
  }
}

/** What stands beside the bar. */
export function progressWords(progress: Progress, speed: RecentSpeed): string {
  const { step, entries, knownEntries, bytes } = progress
  const verb = VERBS[step]
  if (step === 'finish') return verb
  const count =
    countText(entries) + (knownEntries === undefined ? '' : `/${countText(knownEntries)}`)
  const amount =
    bytes === 0 ? [] : [bytesText(bytes), `${bytesText(Math.round(speed.bytesPerSecond()))}/s`]
  const left = speed.remainingMs()
  return [
    `${verb} ${count}`,
    ...amount,
    ...(left === undefined ? [] : [`${leftText(left)} left`]),
  ].join('  ')
}

/** Nobody needs tenths of a second of what is a guess. */
function leftText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : durationText(seconds * 1000)
}
