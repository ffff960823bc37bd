/** Backups of the built program of a source with one file, with scripts in the place of the programs that it starts. */
import { execa } from 'execa'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { processesOf, sendSignal } from './processes.ts'
import { binWith, whereIs } from './programs.ts'
import { type Finished, PROGRAM, snapfs } from './snapfs.ts'
import { useTemporaryDirectory } from './temporary-directory.ts'

export interface Started {
  /** What was started, and watches the process that makes the backup. */
  readonly pid: number
  readonly ended: Promise<Finished>
}

/** The profile `data` of a source with one file, in an empty repository. */
export interface LetterPlace {
  readonly root: string
  readonly source: string
  readonly repository: string
  readonly config: string
  readonly env: Readonly<Record<string, string>>
  /** Sets for how long nothing may move. */
  limitTo(stallTimeout: string): Promise<void>
  /**
   * Puts a script in the place of rsync that does something before it copies, or instead. The script calls the real
   * one RSYNC.
   */
  copyingBy(script: string): Promise<void>
  /** Puts a script in the place of another program. */
  doing(program: string, script: string): Promise<void>
  start(words?: readonly string[]): Started
}

/**
 * A source, an empty repository and a configuration for each test, and no process left of it afterwards.
 * @param more variables of the environment
 */
export function useLetterPlace(more: Readonly<Record<string, string>> = {}): () => LetterPlace {
  const directory = useTemporaryDirectory()
  let place: LetterPlace
  beforeEach(async () => {
    place = await prepare(directory(), more)
  })
  // Registered after useTemporaryDirectory, so it runs before that removes the directory.
  afterEach(async () => {
    for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
  })
  return () => place
}

async function prepare(root: string, more: Readonly<Record<string, string>>): Promise<LetterPlace> {
  const source = join(root, 'source')
  const repository = join(root, 'repository')
  const config = join(root, 'config.toml')
  const bin = await binWith(root, [])
  const path = `${bin}:${process.env['PATH'] ?? ''}`
  const env = { HOME: root, SNAPFS_CONFIG: config, PATH: path, ...more }
  await mkdir(source)
  await writeFile(join(source, 'letter'), 'Dear reader\n')
  const words = ['init', repository, '--source', source, '--profile', 'data']
  expect(await snapfs(words, { env })).toMatchObject({ exitCode: 0, stderr: '' })
  const doing = (program: string, script: string) =>
    writeFile(join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return {
    ...{ root, source, repository, config, env, doing },
    async limitTo(stallTimeout) {
      await writeFile(config, `stall_timeout = "${stallTimeout}"\n`, { flag: 'a' })
    },
    async copyingBy(script) {
      const rsync = await whereIs('rsync')
      const questions = '*--version* | *--fake-super*'
      const text = `case "$*" in ${questions}) exec ${rsync} "$@" ;; esac\n${script}`
      await doing('rsync', text.replaceAll('RSYNC', rsync))
    },
    start(given = ['backup']) {
      const child = execa(PROGRAM, given, { env, stdin: 'ignore', reject: false })
      const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
      return { pid: child.pid!, ended }
    },
  }
}
