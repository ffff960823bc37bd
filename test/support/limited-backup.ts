/** Backups of the built program that are given little time to stand still, and disks that do not answer. */
import { execa } from 'execa'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect } from 'vitest'
import { processesOf, sendSignal } from './processes.ts'
import { binWith, whereIs } from './programs.ts'
import { type Finished, PROGRAM, snapfs } from './snapfs.ts'
import { useTemporaryDirectory } from './temporary-directory.ts'

export interface Started {
  readonly pid: number
  readonly ended: Promise<Finished>
}

/** The profile `data` of a source with one file, in an empty repository. */
export interface LimitedPlace {
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

export function useLimitedPlace(): () => LimitedPlace {
  const directory = useTemporaryDirectory()
  let place: LimitedPlace
  beforeEach(async () => {
    place = await prepare(directory())
  })
  // Registered after useTemporaryDirectory, so it runs before that removes the directory.
  afterEach(async () => {
    for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
  })
  return () => place
}

async function prepare(root: string): Promise<LimitedPlace> {
  const source = join(root, 'source')
  const repository = join(root, 'repository')
  const config = join(root, 'config.toml')
  const bin = await binWith(root, [])
  const path = `${bin}:${process.env['PATH'] ?? ''}`
  const env = { HOME: root, SNAPFS_CONFIG: config, PATH: path }
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

/**
 * Runs a step while a file system is mounted that answers nothing: its server has opened the device, and reads no
 * question.
 */
export async function withHungMount(mountpoint: string, step: () => Promise<void>): Promise<void> {
  await mkdir(mountpoint)
  const options = 'fd=3,rootmode=40755,user_id=0,group_id=0'
  const script = `exec 3<>/dev/fuse; mount -i -t fuse -o ${options} hung "$1" && echo && exec sleep 600`
  const server = execa('sh', ['-c', script, 'sh', mountpoint], { reject: false })
  try {
    await once(server.stdout, 'data')
    await step()
  } finally {
    // Upon this all who wait are told that there is nobody.
    server.kill('SIGKILL')
    await server
    await execa('umount', ['-l', mountpoint], { reject: false })
  }
}

/** Runs a step while a file system is mounted that takes so long to say what one of its files is. */
export async function withSlowMount(
  mountpoint: string,
  { files, delayMs }: { readonly files: number; readonly delayMs: number },
  step: () => Promise<void>,
): Promise<void> {
  await mkdir(mountpoint)
  const script = fileURLToPath(new URL('slow-disk.mjs', import.meta.url))
  const words = [script, mountpoint, String(files), String(delayMs)]
  const server = execa(process.execPath, words, { reject: false })
  try {
    await once(server.stdout, 'data')
    await step()
  } finally {
    server.kill('SIGTERM')
    await server
  }
}

/** A disk of its own on which the repository of a place lies from now on. @returns where it is mounted */
export async function onOwnDisk(place: LimitedPlace): Promise<string> {
  const disk = join(place.root, 'disk')
  const image = join(place.root, 'image')
  await mkdir(disk)
  await execa('truncate', ['-s', '64M', image])
  await execa('mkfs.ext4', ['-q', image])
  await execa('mount', ['-o', 'loop', image, disk])
  await execa('mv', ['--', place.repository, disk])
  const text = await readFile(place.config, 'utf8')
  await writeFile(place.config, text.replace(place.repository, join(disk, 'repository')))
  return disk
}
