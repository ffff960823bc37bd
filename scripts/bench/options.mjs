/** The command line that all benchmarks share; each uses of it what it has a use for. */
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * @typedef {{ files: number, large: number, rounds: number, memory: boolean, ram: number, snapshots: number, perDirectory: number, history: string | undefined, dir: string, snapfs: string,
 *   passthroughLl: string | undefined, only: readonly string[], against: readonly string[] }} Options
 */

/**
 * @param {{ files: number, rounds: number }} defaults
 * @returns {Options}
 */
export function readOptions(defaults) {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: String(defaults.files) },
      rounds: { type: 'string', default: String(defaults.rounds) },
      large: { type: 'string', default: '0' },
      memory: { type: 'boolean', default: false },
      ram: { type: 'string', default: '0' },
      snapshots: { type: 'string', default: '100' },
      'per-directory': { type: 'string', default: '100' },
      history: { type: 'string' },
      against: { type: 'string', multiple: true, default: [] },
      dir: { type: 'string', default: tmpdir() },
      snapfs: {
        type: 'string',
        default: fileURLToPath(new URL('../../dist/snapfs', import.meta.url)),
      },
      'passthrough-ll': { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
    },
  })
  const files = Number(values.files)
  const rounds = Number(values.rounds)
  if (!(Number.isInteger(files) && files >= 100)) throw new Error('--files: a number from 100 on')
  if (!(Number.isInteger(rounds) && rounds >= 1)) throw new Error('--rounds: a number from 1 on')
  const large = Number(values.large)
  if (!(Number.isInteger(large) && large >= 0)) throw new Error('--large: a number of MiB')
  const ram = Number(values.ram)
  if (!(Number.isInteger(ram) && ram >= 0)) throw new Error('--ram: a number of GiB')
  const snapshots = Number(values.snapshots)
  if (!(Number.isInteger(snapshots) && snapshots >= 2)) {
    throw new Error('--snapshots: a number from 2 on')
  }
  const perDirectory = Number(values['per-directory'])
  if (!(Number.isInteger(perDirectory) && perDirectory >= 1)) {
    throw new Error('--per-directory: a number from 1 on')
  }
  const { dir, snapfs, only, against, memory, history } = values
  return {
    ...{ files, large, rounds, memory, ram, snapshots, perDirectory, history },
    ...{ dir, snapfs, only, against, passthroughLl: values['passthrough-ll'] },
  }
}
