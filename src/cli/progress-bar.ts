/** The bar a terminal shows while a backup runs. */
import { Presets, SingleBar } from 'cli-progress'
import type { Progress } from '../actions/transfer.ts'
import { bytesText, countText } from '../model/figures.ts'

export interface ProgressBar {
  show(progress: Progress): void
  /** Clears the line. */
  close(): void
}

const REDRAWS_PER_SECOND = 8

/**
 * @param elapsed milliseconds of a clock that does not jump
 */
export function progressBar(
  label: string,
  stream: NodeJS.WriteStream,
  elapsed: () => number,
): ProgressBar {
  const started = elapsed()
  const bar = new SingleBar(
    {
      stream,
      format: `${label} {bar} {checked}/{known} files  {bytes}  {rate}/s  {left}`,
      fps: REDRAWS_PER_SECOND,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 24,
      // Also while rsync sits in one large file.
      noTTYOutput: false,
      stopOnComplete: false,
    },
    Presets.shades_classic,
  )
  bar.start(1, 0, { checked: '0', known: '0+', bytes: '0 B', rate: '0 B', left: 'listing' })
  return {
    show(progress) {
      const seconds = Math.max((elapsed() - started) / 1000, 0.1)
      const known = Math.max(progress.knownEntries, 1)
      const remaining = ((known - progress.checkedEntries) / progress.checkedEntries) * seconds
      bar.setTotal(known)
      bar.update(progress.checkedEntries, {
        checked: countText(progress.checkedEntries),
        known: countText(known) + (progress.listComplete ? '' : '+'),
        bytes: bytesText(progress.transferredBytes),
        rate: bytesText(Math.round(progress.transferredBytes / seconds)),
        left:
          progress.listComplete && Number.isFinite(remaining)
            ? `${Math.ceil(remaining)} s left`
            : 'listing',
      })
    },
    close() {
      bar.stop()
    },
  }
}
