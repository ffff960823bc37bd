/** Disks that do not answer, that take their time, or that can be frozen. */
import { execa } from 'execa'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LetterPlace } from './letter-place.ts'

/**
 * Runs a step while a file system is mounted that answers nothing: its server has opened the device, and reads no
 * question.
 */
export async function withHungMount(mountpoint: string, step: () => Promise<void>): Promise<void> {
  await mkdir(mountpoint)
  const options = 'fd=3,rootmode=40755,user_id=0,group_id=0'
  const script = `exec 3<>/dev/fuse; mount -i -t fuse -o ${options} hung "$1" && echo && exec sleep 600`
  try {
    // Upon its death all who wait are told that there is nobody.
    await whileServing('sh', ['-c', script, 'sh', mountpoint], 'SIGKILL', step)
  } finally {
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
  await whileServing(process.execPath, words, 'SIGTERM', step)
}

/** Runs a step from a program's first word on, and ends the program. */
async function whileServing(
  program: string,
  words: readonly string[],
  end: NodeJS.Signals,
  step: () => Promise<void>,
): Promise<void> {
  const server = execa(program, words, { reject: false })
  try {
    await once(server.stdout, 'data')
    await step()
  } finally {
    server.kill(end)
    await server
  }
}

/** A disk of its own on which the repository of a place lies from now on. @returns where it is mounted */
export async function onOwnDisk(place: LetterPlace): Promise<string> {
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
