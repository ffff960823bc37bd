/**
 * Unlinking what is in one directory. Names are unlinked, and no file is ever chmod-ed, since that would show in every snapshot
 * that shares it. Directories are never shared; one that forbids its own emptying (mode 0500, as a source may have them) is
 * opened first. Synchronous: through Node's threads it takes four times as long.
 */
import { chmodSync, lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'

/** After so many entries others may have their turn. */
const STEP_ENTRIES = 256

/**
 * Step by step.
 * @returns the directories in it, which are left
 * @throws the operating system's error
 */
export function* emptyDirectory(path: BytePath): Generator<undefined, readonly BytePath[]> {
  const system = systemPath(path)
  if ((lstatSync(system).mode & 0o700) !== 0o700) chmodSync(system, 0o700)
  const directories: BytePath[] = []
  let count = 0
  for (const entry of readdirSync(system, { withFileTypes: true, encoding: 'latin1' })) {
    const child = joinPath(path, entry.name)
    if (entry.isDirectory()) directories.push(child)
    else unlinkSync(systemPath(child))
    count += 1
    if (count % STEP_ENTRIES === 0) yield
  }
  return directories
}

/** In one go. */
export function emptyAtOnce(path: BytePath): readonly BytePath[] {
  const steps = emptyDirectory(path)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
