/**
 * The kernel's side of FUSE in numbers, from include/uapi/linux/fuse.h of Linux 6.18 (protocol 7.45). All integers are in
 * the byte order of the machine; snapfs speaks it on little-endian machines of 64 bits only.
 */

export const MAJOR = 7
/** What is spoken here; the kernel goes down to it. */
export const MINOR = 38
/** Linux 5.4. Older kernels have structures of other sizes. */
export const OLDEST_MINOR = 31

/** Linux 6.18. From here on the kernel can be told to forget nodes by their numbers. */
export const PRUNE_MINOR = 45

export const ROOT_ID = 1

export const IN_HEADER_BYTES = 40
export const OUT_HEADER_BYTES = 16

/** What a request asks for. */
export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 33,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
  copyFileRange: 47,
  tmpfile: 51,
  statx: 52,
  copyFileRange64: 53,
} as const

/** What writes. The mount is read-only, so the kernel asks none of these; if it did, it would be told so. */
export const WRITING: ReadonlySet<number> = new Set([
  OPCODE.setattr,
  OPCODE.symlink,
  OPCODE.mknod,
  OPCODE.mkdir,
  OPCODE.unlink,
  OPCODE.rmdir,
  OPCODE.rename,
  OPCODE.link,
  OPCODE.write,
  OPCODE.setxattr,
  OPCODE.removexattr,
  OPCODE.create,
  OPCODE.fallocate,
  OPCODE.rename2,
  OPCODE.copyFileRange,
  OPCODE.copyFileRange64,
  OPCODE.tmpfile,
])

/** What kernel and server agree on when they begin; bits of `flags`. */
export const FLAG = {
  asyncRead: 1 << 0,
  exportSupport: 1 << 4,
  autoInvalData: 1 << 12,
  readdirplus: 1 << 13,
  readdirplusAuto: 1 << 14,
  noOpen: 1 << 17,
  parallelDirops: 1 << 18,
  posixAcl: 1 << 20,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  noOpendir: 1 << 24,
  more: 1 << 30,
} as const

/** Bits of `flags2`. */
export const MORE_FLAG = {
  expireOnly: 1 << 3,
  passthrough: 1 << 5,
} as const

/** Bits of an answer to `open` and `opendir`. */
export const OPEN_FLAG = {
  keepCache: 1 << 1,
  cacheDirectory: 1 << 3,
  noFlush: 1 << 5,
  /** Read from the file behind the number that comes with the answer. */
  passthrough: 1 << 7,
} as const

/** What the server tells without having been asked: the error of a reply to nobody. */
export const NOTIFY = {
  invalidateInode: 2,
  invalidateEntry: 3,
  store: 4,
  /** From `PRUNE_MINOR` on. */
  prune: 9,
} as const

/** Of an invalidated entry: only ask again, do not take it from those who are in it. */
export const EXPIRE_ONLY = 1

export const ENTRY_BYTES = 128
export const DIRENT_BYTES = 24

/** The kinds of directory entries, from readdir(3). */
export const DIRENT_TYPE = {
  fifo: 1,
  'character-device': 2,
  directory: 4,
  'block-device': 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const
