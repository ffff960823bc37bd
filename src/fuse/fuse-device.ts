/** /dev/fuse, through which the kernel asks. */
import { open } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'

export const FUSE_DEVICE = '/dev/fuse'
/** Major 10, minor 229, as the kernel's list of devices has it. */
const DEVICE_NUMBER = (10 << 8) | 229

/** @throws SnapfsError FUSE_UNAVAILABLE where it cannot be used */
export async function checkFuseDevice(): Promise<void> {
  try {
    // Opened, not asked for its modes: that also tells whether the kernel has FUSE behind it.
    await using device = await open(FUSE_DEVICE, 'r+')
    if ((await device.stat()).rdev === DEVICE_NUMBER) return
  } catch (error) {
    throw deviceMissing(error)
  }
  throw deviceMissing(undefined)
}

function deviceMissing(cause: unknown): SnapfsError {
  return new SnapfsError('FUSE_UNAVAILABLE', `${FUSE_DEVICE} is missing or may not be used.`, {
    hint: 'Load the module with: modprobe fuse. In a container, pass the device in.',
    cause,
  })
}
