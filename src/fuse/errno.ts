/** The one place where an answer becomes an errno. FUSE wants them negative. */
import { constants } from 'node:os'
import { systemErrorCode } from '../errors/system-error.ts'

export const ENOENT = -constants.errno.ENOENT
export const ENOTDIR = -constants.errno.ENOTDIR
export const EISDIR = -constants.errno.EISDIR
export const EBADF = -constants.errno.EBADF
export const EROFS = -constants.errno.EROFS
export const EMFILE = -constants.errno.EMFILE
export const ENODATA = -constants.errno.ENODATA
export const ENOTSUP = -constants.errno.ENOTSUP
export const ESTALE = -constants.errno.ESTALE
export const ENAMETOOLONG = -constants.errno.ENAMETOOLONG
export const EINVAL = -constants.errno.EINVAL
export const ENOSYS = -constants.errno.ENOSYS
export const EPROTO = -constants.errno.EPROTO
export const ERANGE = -constants.errno.ERANGE
const EIO = -constants.errno.EIO

/** What a reader can make sense of; everything else is a failing disk to it. */
const PASSED = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'EINVAL',
  'EBADF',
  'EROFS',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENAMETOOLONG',
])

/** The negative errno for something that was thrown. */
export function errnoOf(error: unknown): number {
  const code = systemErrorCode(error)
  if (code === undefined || !PASSED.has(code)) return EIO
  const errno = Object.entries(constants.errno).find(([name]) => name === code)?.[1]
  return errno === undefined ? EIO : -errno
}
