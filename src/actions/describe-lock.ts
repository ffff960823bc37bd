/** What a lock that counts means for the user, in sentences. Pure. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { formatDuration } from '../model/duration.ts'
import { localTimeAndAgeText, type Moment } from '../model/local-time.ts'
import type { HeldLock, UnknownLock } from '../repository/decide-lock.ts'
import { lockFile, type SeriesPlace } from '../repository/layout.ts'
import type { Obstacle } from '../repository/lock.ts'
import type { LockRecord } from '../repository/lock-record.ts'

/** @param waitedMs how long it was waited for in vain */
export function lockedError(
  obstacle: Obstacle,
  place: SeriesPlace,
  moment: Moment,
  waitedMs: number,
): SnapfsError {
  const { message, hint } = refusal(obstacle, place, moment)
  const inVain = waitedMs === 0 ? '' : ` Waited ${formatDuration(waitedMs)} in vain.`
  return new SnapfsError('LOCKED', `${message}${inVain}`, { hint })
}

/** For a person who sees nothing happen. */
export function waitingSentence(obstacle: Obstacle, place: SeriesPlace, moment: Moment): string {
  return `${refusal(obstacle, place, moment).message} Waiting for it to end.`
}

/** For one who only looks: that every backup will be refused, and what to do. */
export function illegibleLockSentence(lock: UnknownLock, place: SeriesPlace): string {
  const { message, hint } = unknownHolder(lock.because, lockFile(place))
  return `${message} No backup is made while it is there. ${hint}`
}

interface Refusal {
  readonly message: string
  readonly hint: string
}

function refusal(obstacle: Obstacle, place: SeriesPlace, moment: Moment): Refusal {
  switch (obstacle.kind) {
    case 'held':
      return {
        message: `Another snapfs works on "${place.profile}": ${holderText(obstacle.record, moment)}.`,
        hint: heldHint(obstacle.because, lockFile(place)),
      }
    case 'unknown':
      return unknownHolder(obstacle.because, lockFile(place))
    case 'contended':
      return {
        message: `Several others began to work on "${place.profile}" at the same moment.`,
        hint: 'Try again.',
      }
  }
}

/** `snapfs backup, process 4711 on example, since 2026-11-22 15:30:00 +01:00 (4 minutes ago)` */
function holderText(record: LockRecord, moment: Moment): string {
  const since = localTimeAndAgeText(Date.parse(record.since), moment)
  return `${record.command}, process ${record.pid} on ${record.host}, since ${since}`
}

function heldHint(because: HeldLock['because'], file: string): string {
  switch (because) {
    case 'running':
    case 'hidden':
      return 'Wait for it to end, or let snapfs backup --wait do that.'
    case 'other-machine':
      return `Wait for it to end. If that machine is gone for good, remove the file ${file}.`
    case 'other-container':
      return `It runs in another container; wait for it to end. If that is gone for good, remove the file ${file}.`
    case 'unproven':
      return `Wait for it to end. If it has ended already, remove the file ${file}.`
  }
}

const REMOVE_HINT =
  'When no snapfs is running on any machine that uses this repository, remove the file.'
const LOOK_HINT = 'snapfs does not make such a thing: find out what it is, then remove it.'

function unknownHolder(because: UnknownLock['because'], file: string): Refusal {
  const locked = (what: string, hint: string): Refusal => ({
    message: `${what}, so it does not say who works here.`,
    hint,
  })
  switch (because) {
    case 'empty':
      return locked(`The lock ${file} is empty`, REMOVE_HINT)
    case 'garbage':
      return locked(`The lock ${file} holds something else than a lock does`, REMOVE_HINT)
    case 'huge':
      return locked(`The lock ${file} is far larger than a lock is`, REMOVE_HINT)
    case 'forbidden':
      return locked(
        `The lock ${file} belongs to another user and cannot be read`,
        'Run snapfs as the user who owns the repository, or wait until that one has finished.',
      )
    case 'directory':
      return locked(`The lock ${file} is a directory`, LOOK_HINT)
    case 'link':
      return locked(`The lock ${file} is a symbolic link`, LOOK_HINT)
    case 'special':
      return locked(`The lock ${file} is a device, a pipe or a socket`, LOOK_HINT)
  }
}
