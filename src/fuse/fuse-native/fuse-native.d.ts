/** The part of fuse-native 2.2.6 that snapfs uses; the package has no types of its own. */
declare module 'fuse-native' {
  class Fuse {
    constructor(mountpoint: string, operations: Fuse.Operations, options: Fuse.Options)
    mount(done: (error: Error | null) => void): void
    /**
     * What is called for an extended attribute, before the operation. It hands the answer on without a look at how much
     * room there is, so it is overridden.
     */
    protected _op_getxattr(
      signal: (bytesOrErrno: number, buffer: ArrayBufferLike) => void,
      path: string,
      name: string,
      room: Buffer,
      position: number,
    ): void
  }

  namespace Fuse {
    interface Stat {
      mode: number
      uid?: number
      gid?: number
      size?: number
      nlink?: number
      ino: number
      rdev?: number
      blksize?: number
      blocks?: number
      /** Milliseconds since 1970; negative ones come out wrong. */
      atime?: number
      mtime?: number
      ctime?: number
    }

    interface Statfs {
      bsize: number
      frsize: number
      blocks: number
      bfree: number
      bavail: number
      files: number
      ffree: number
      favail: number
      namemax: number
    }

    interface Operations {
      getattr(path: string, answer: (errno: number, stat?: Stat) => void): void
      readdir(path: string, answer: (errno: number, names?: string[], stats?: Stat[]) => void): void
      readlink(path: string, answer: (errno: number, target?: string) => void): void
      open(path: string, flags: number, answer: (errno: number, handle?: number) => void): void
      read(
        path: string,
        handle: number,
        buffer: Buffer,
        length: number,
        offset: number,
        answer: (bytesOrErrno: number, bytes?: number) => void,
      ): void
      release(path: string, handle: number, answer: (errno: number) => void): void
      getxattr(
        path: string,
        name: string,
        position: number,
        answer: (errno: number, value?: Buffer) => void,
      ): void
      statfs(path: string, answer: (errno: number, statfs?: Statfs) => void): void
    }

    interface Options {
      timeout: false
      kernelCache: boolean
      entryTimeout: number
      attrTimeout: number
      defaultPermissions: boolean
      allowOther: boolean
      autoUnmount: boolean
      fsname: string
      subtype: string
    }
  }

  export = Fuse
}
