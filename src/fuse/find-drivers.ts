/** What there is here to mount with. */
import { spawn } from 'node:child_process'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf } from '../errors/system-error.ts'
import { checkFuseDevice } from './fuse-device.ts'
import type { Conditions } from './choose-driver.ts'
import { loadSystemLibrary, type SystemLibrary } from './kernel/system-library.ts'

export interface Found extends Conditions {
  readonly library: SystemLibrary | undefined
}

export async function findDrivers(userId: number): Promise<Found> {
  const [deviceProblem, library, hasFusermount] = await Promise.all([
    problemOf(checkFuseDevice()),
    loadSystemLibrary(),
    canStart('fusermount3', ['-V']),
  ])
  return {
    deviceProblem,
    isRoot: userId === 0,
    library,
    hasLibrary: library !== undefined,
    hasFusermount,
    // Loaded where it matters, with the view that it serves.
    fuseNativeProblem: async () => {
      const { checkFuseNative } = await import('./fuse-native/fuse-native-driver.ts')
      return problemOf(checkFuseNative())
    },
  }
}

async function problemOf(check: Promise<void>): Promise<string | undefined> {
  try {
    await check
    return undefined
  } catch (error) {
    const hint = error instanceof SnapfsError ? error.hint : undefined
    return hint === undefined ? messageOf(error) : `${messageOf(error)} ${hint}`
  }
}

function canStart(program: string, words: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'ignore', cwd: '/' })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
