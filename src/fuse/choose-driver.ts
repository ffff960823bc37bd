/** Which driver is to speak FUSE here, and why. Pure. */
import type { DriverName } from './driver.ts'

/** What there is to mount with. */
export interface Conditions {
  /** Why /dev/fuse cannot be used; undefined when it can. */
  readonly deviceProblem: string | undefined
  readonly isRoot: boolean
  /** Whether the functions of the C library can be called that Node lacks. */
  readonly hasLibrary: boolean
  readonly hasFusermount: boolean
  /** Why fuse-native cannot be used; undefined when it can. Asked only where it matters. */
  fuseNativeProblem(): Promise<string | undefined>
}

export interface Choice {
  /** Undefined where nothing can be mounted. */
  readonly driver: DriverName | undefined
  /** Sentences: what speaks for it, and what is missed without something else. */
  readonly reasons: readonly string[]
}

const INSTALL_KOFFI = 'the package koffi is not installed, or has no build for this machine'
const INSTALL_FUSE = 'fusermount3 (package fuse3) is not installed'

/** What a mount is asked for. */
export interface Wanted {
  readonly driver: DriverName | 'auto'
  /** Large files read past the process that serves. */
  readonly passthrough: boolean
}

export async function chooseDriver(
  { driver: wanted, passthrough }: Wanted,
  conditions: Conditions,
): Promise<Choice> {
  const { deviceProblem } = conditions
  if (deviceProblem !== undefined) return { driver: undefined, reasons: [deviceProblem] }
  const kernel = judgeKernel(conditions)
  if (passthrough) return judgePassthrough(wanted, kernel, conditions)
  if (wanted === 'kernel' || (wanted === 'auto' && kernel.driver !== undefined)) return kernel
  const problem = await conditions.fuseNativeProblem()
  const reasons = wanted === 'auto' ? kernel.reasons : ['It was asked for.']
  if (problem === undefined) return { driver: 'fuse-native', reasons }
  return { driver: undefined, reasons: [...reasons, problem] }
}

function judgePassthrough(
  wanted: Wanted['driver'],
  kernel: Choice,
  { isRoot, hasLibrary }: Conditions,
): Choice {
  const lacks = [
    ...(wanted === 'fuse-native' ? ['the driver "kernel"'] : []),
    ...(isRoot ? [] : ['root']),
    ...(hasLibrary ? [] : ['koffi']),
  ]
  if (lacks.length === 0) return kernel
  return { driver: undefined, reasons: [`To pass files through takes ${lacks.join(' and ')}.`] }
}

/** Root can have mount(8) do what everybody else needs fusermount3 and a function of the C library for. */
function judgeKernel({ isRoot, hasLibrary, hasFusermount }: Conditions): Choice {
  const lacks = [...(hasLibrary ? [] : [INSTALL_KOFFI]), ...(hasFusermount ? [] : [INSTALL_FUSE])]
  if (lacks.length === 0) {
    return { driver: 'kernel', reasons: ['It is the fastest, and all it needs is here.'] }
  }
  const missing = lacks.join(', and ')
  if (!isRoot) {
    return { driver: undefined, reasons: [`The driver "kernel" needs more: ${missing}.`] }
  }
  return {
    driver: 'kernel',
    reasons: [
      'It is the fastest, and root can mount it.',
      ...(hasLibrary
        ? []
        : [`Stored extended attributes and ACLs are not shown: ${INSTALL_KOFFI}.`]),
      `Should its process be killed, the next "snapfs mount" cleans up: ${missing}.`,
    ],
  }
}
