/**
 * Up to which snapshot of a series somebody has said that the times of snapshots may be believed, however odd. What is there and
 * cannot be read confirms nothing.
 */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { systemErrorCode } from '../errors/system-error.ts'
import { confirmedClockFile, type SeriesPlace } from './layout.ts'

const confirmedSchema = v.object({
  format: v.literal(1),
  /** Of the newest snapshot then. */
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/** @returns 0 when nothing was confirmed @throws the operating system's error */
export async function readConfirmedSequence(place: SeriesPlace): Promise<number> {
  try {
    const parsed = v.safeParse(
      v.pipe(v.string(), v.parseJson(), confirmedSchema),
      await readFile(confirmedClockFile(place), 'utf8'),
    )
    return parsed.success ? parsed.output.sequence : 0
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0
    throw error
  }
}

/** @throws the operating system's error; then what was confirmed before still is */
export async function writeConfirmedSequence(place: SeriesPlace, sequence: number): Promise<void> {
  const file = confirmedClockFile(place)
  const draft = `${file}.${randomUUID()}`
  try {
    {
      await using draftFile = await open(draft, 'wx', 0o600)
      await draftFile.writeFile(`${JSON.stringify({ format: 1, sequence })}\n`)
      await draftFile.sync()
    }
    await rename(draft, file)
  } finally {
    await rm(draft, { force: true })
  }
}
