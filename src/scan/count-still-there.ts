/** How much of a stored tree its source still has, whether it is to be backed up or not. */
import { readdirSync } from 'node:fs'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import { lookQuietly } from './look.ts'

export interface StillThere {
  /** The root included. */
  readonly entries: number
  /** Of the regular files, as large as they are now. */
  readonly totalBytes: number
}

/** @throws the operating system's error when the stored tree cannot be read */
export function countStillThere(tree: BytePath, source: BytePath): StillThere {
  const found = { entries: 1, totalBytes: 0 }
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const directory = path === '' ? tree : joinPath(tree, path)
    for (const entry of readdirSync(systemPath(directory), {
      withFileTypes: true,
      encoding: 'latin1',
    })) {
      showLife()
      const inner = path === '' ? entry.name : `${path}/${entry.name}`
      const status = lookQuietly(joinPath(source, inner))
      if (status === undefined) continue
      found.entries += 1
      if (status.isFile()) found.totalBytes += Number(status.size)
      if (entry.isDirectory() && status.isDirectory()) waiting.push(inner)
    }
  }
  return found
}
