/**
 * Answers with much of a file in them, which the kernel takes from where it has the file itself: it is mapped, and not copied
 * to memory of this process first.
 */
import { constants } from 'node:os'

/** What a reply goes on with after its header. */
export interface FileTail {
  readonly descriptor: number
  /** A multiple of `MAPPED_STEP_BYTES`. */
  readonly offset: number
  readonly length: number
}

/** @returns 0, or a negative errno: then nothing was written */
export type WriteMapped = (device: number, tail: FileTail) => number

/** What is used of koffi. */
export interface ForeignCalls {
  address(buffer: Buffer): bigint
  errno(): number
}

export interface CLibrary {
  func(signature: string): (...words: readonly unknown[]) => unknown
}

/** Pages have no more bytes on any machine with such memory, and a mapping begins with one. */
export const MAPPED_STEP_BYTES = 65_536
/** From bits/mman.h. */
const PROT_READ = 1
const MAP_SHARED = 1
/** Of `struct iovec`. */
const VECTOR_BYTES = 16

/** @param headerBytes of a reply, at the beginning of the buffer that is passed, which must live as long as what is returned */
export function bindMappedWrites(
  calls: ForeignCalls,
  library: CLibrary,
): (reply: Buffer, headerBytes: number) => WriteMapped {
  const mmap = library.func('int64_t mmap(uintptr_t, size_t, int, int, int, int64_t)')
  const munmap = library.func('int munmap(uintptr_t, size_t)')
  const writev = library.func('int64_t writev(int, uintptr_t, int)')
  return (reply, headerBytes) => {
    const vectors = Buffer.alloc(2 * VECTOR_BYTES)
    const vectorsAddress = Number(calls.address(vectors))
    vectors.writeBigUInt64LE(calls.address(reply), 0)
    vectors.writeBigUInt64LE(BigInt(headerBytes), 8)
    return (device, { descriptor, offset, length }) => {
      const at = Number(mmap(0, length, PROT_READ, MAP_SHARED, descriptor, offset))
      if (at < 0) return -calls.errno()
      vectors.writeBigUInt64LE(BigInt(at), VECTOR_BYTES)
      vectors.writeBigUInt64LE(BigInt(length), VECTOR_BYTES + 8)
      const written = Number(writev(device, vectorsAddress, 2))
      const errno = written < 0 ? -calls.errno() : 0
      munmap(at, length)
      if (errno !== 0) return errno
      return written === headerBytes + length ? 0 : -constants.errno.EIO
    }
  }
}
