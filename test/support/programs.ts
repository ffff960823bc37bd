/** A PATH of which a test knows what is in it. */
import { execa } from 'execa'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a program is that the machine has. */
export async function whereIs(program: string): Promise<string> {
  if (program === 'node') return process.execPath
  return (await execa('sh', ['-c', `command -v ${program}`])).stdout
}

/** Makes `bin` in a directory, holding the named programs and no others. */
export async function binWith(root: string, programs: readonly string[]): Promise<string> {
  const bin = join(root, 'bin')
  await mkdir(bin)
  for (const program of programs) await symlink(await whereIs(program), join(bin, program))
  return bin
}
