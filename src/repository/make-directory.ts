import { chmod, mkdir } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'

/**
 * Makes a directory, mode 0700 whatever the umask says, unless it is there. Never `recursive`: Node then reports an
 * error it does not expect of mkdir(2), such as a full quota, as ENOENT (Node 20.20).
 * @throws the operating system's error
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
    await chmod(path, 0o700)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

/**
 * Makes the directories that a file is to lie in.
 * @param file absolute
 * @throws the operating system's error
 */
export async function makeDirectoriesAbove(file: string): Promise<void> {
  const parts = file.split('/').slice(1, -1)
  for (let length = 1; length <= parts.length; length += 1) {
    const directory = `/${parts.slice(0, length).join('/')}`
    try {
      await makeDirectory(directory)
    } catch (error) {
      // Those above are there, on a disk that may be read-only or belong to others.
      if (length === parts.length || systemErrorCode(error) === undefined) throw error
    }
  }
}
