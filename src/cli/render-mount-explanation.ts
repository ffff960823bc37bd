/** `snapfs mount --explain` as text. */
import type { MountExplanation } from '../actions/explain-mount.ts'
import { printableSentence } from '../model/entry-name.ts'

const LABEL_WIDTH = 'fusermount3'.length

export function mountExplanationLines(explanation: MountExplanation): string[] {
  const { driver, reasons, deviceProblem, hasFusermount, hasLibrary, fuseNativeProblem } =
    explanation
  const facts = [
    ['/dev/fuse', deviceProblem ?? 'can be used'],
    ['fusermount3', hasFusermount ? 'is installed' : 'is not installed (package fuse3)'],
    ['koffi', hasLibrary ? 'can be loaded' : 'cannot be loaded, or has no build for this machine'],
    ['fuse-native', fuseNativeProblem ?? 'can be loaded'],
  ] as const
  return [
    driver === undefined ? 'Nothing can be mounted here.' : `The driver would be "${driver}".`,
    ...reasons,
    '',
    ...facts.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}  ${text}`),
  ].map((line) => printableSentence(line))
}
