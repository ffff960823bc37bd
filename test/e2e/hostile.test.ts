/** The short form of scripts/torture/mount.mjs: readers that mean no good, while snapshots come and go. */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { DRIVER_NAMES } from '../../src/fuse/driver.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const TORTURE = fileURLToPath(new URL('../../scripts/torture/mount.mjs', import.meta.url))
const SEED = process.env['SNAPFS_TORTURE_SEED'] ?? '1'
const SECONDS = 4
const LIMIT_MS = 300_000

const directory = useTemporaryDirectory()
const test = testWith('rsync', 'root', 'fuse', 'loop')

test.each(DRIVER_NAMES)(
  'a mount by %s tells the truth to many who mean no good, and stays as it was',
  async (driver) => {
    const place = ['--snapfs', PROGRAM, '--dir', directory()]
    const words = [TORTURE, '--driver', driver, '--seconds', String(SECONDS), '--seed', SEED]
    const child = execa(process.execPath, [...words, ...place], { reject: false })
    process.once('disconnect', () => child.kill())
    const { stdout, stderr } = await child
    const atLeast = (count: number): number => expect.toSatisfy((n: number) => n >= count) as number
    expect(JSON.parse(stdout || `{"failed":${JSON.stringify(stderr)}}`)).toMatchObject({
      seen: [],
      backups: atLeast(3),
      read: atLeast(20),
      refused: atLeast(1),
    })
  },
  LIMIT_MS,
)
