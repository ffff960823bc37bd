/** `snapfs mount --explain`: what there is to mount with here, and what would be taken. */
import { type Choice, chooseDriver, type Wanted } from '../fuse/choose-driver.ts'
import { findDrivers } from '../fuse/find-drivers.ts'
import type { World } from '../model/world.ts'

export interface MountExplanation extends Choice {
  /** Undefined where it can be used; else why not. */
  readonly deviceProblem: string | undefined
  readonly hasFusermount: boolean
  readonly hasLibrary: boolean
  readonly fuseNativeProblem: string | undefined
}

export async function explainMount(
  wanted: Wanted,
  world: Pick<World, 'userId'>,
): Promise<MountExplanation> {
  const found = await findDrivers(world.userId)
  const { deviceProblem, hasFusermount, hasLibrary } = found
  return {
    ...(await chooseDriver(wanted, found)),
    ...{ deviceProblem, hasFusermount, hasLibrary },
    fuseNativeProblem: await found.fuseNativeProblem(),
  }
}
