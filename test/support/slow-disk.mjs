/**
 * Serves a file system with so many empty files of which each question about one takes its time. Ends, and its mount
 * with it, upon SIGTERM.
 *
 *   node slow-disk.mjs MOUNTPOINT FILES MILLISECONDS
 */
/* global setTimeout */
import Fuse from 'fuse-native'

const [mountpoint, files, delay] = process.argv.slice(2)
const names = Array.from({ length: Number(files) }, (_none, index) => `file-${index}`)
const since = new Date('2026-01-01T00:00:00Z')
const times = { atime: since, mtime: since, ctime: since, uid: 0, gid: 0, size: 0 }
const fuse = new Fuse(mountpoint, {
  readdir: (_path, answer) => answer(0, names),
  getattr(path, answer) {
    if (path === '/') answer(0, { ...times, mode: 0o40755, nlink: 2 })
    else if (!names.includes(path.slice(1))) answer(Fuse.ENOENT)
    else setTimeout(() => answer(0, { ...times, mode: 0o100644, nlink: 1 }), Number(delay))
  },
})
fuse.mount((error) => {
  if (error) throw error
  process.stdout.write('mounted\n')
})
process.on('SIGTERM', () => fuse.unmount(() => process.exit()))
