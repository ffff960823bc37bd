/** The files that lead to a remote source, looked at before they are given to programs that say less about them. */
import { access, constants, stat } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf } from '../errors/system-error.ts'
import type { RemoteAccess } from '../model/remote-access.ts'

/** @throws SnapfsError SOURCE_REFUSED for a file that is missing, or a secret that others can read */
export async function checkAccess({
  sshKey,
  sshConfig,
  passwordFile,
}: RemoteAccess): Promise<void> {
  if (sshConfig !== undefined) await checkReadable('ssh_config', sshConfig)
  if (sshKey !== undefined) await checkSecret('ssh_key', sshKey)
  if (passwordFile !== undefined) await checkSecret('password_file', passwordFile)
}

async function checkReadable(key: string, file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    throw new SnapfsError(
      'SOURCE_REFUSED',
      `The file ${file}, named as "${key}", cannot be read: ${messageOf(error)}.`,
      { hint: 'Nothing was done. Correct the configuration or the file.', cause: error },
    )
  }
}

async function checkSecret(key: string, file: string): Promise<void> {
  await checkReadable(key, file)
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return
  throw new SnapfsError(
    'SOURCE_REFUSED',
    `The file ${file}, named as "${key}", can be read by others.`,
    { hint: `Nothing was done. Make it yours alone: chmod 600 ${file}` },
  )
}
