import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openState, type StateReading } from '../../../src/scan/open-state.ts'
import { inodeKey, lookKey, type StateHeader } from '../../../src/scan/source-state.ts'
import { STATE_MAGIC, StateWriter } from '../../../src/scan/state-writer.ts'
import type { SourceStatus } from '../../../src/scan/source-status.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const HEADER: StateHeader = {
  snapshot: '2026-11-22T14-30-00Z',
  startedAt: '2026-11-22T14:30:00.000Z',
  machineId: 'm',
  bootId: 'b',
  scannedMs: 1_000_000,
  fidelity: 'xattrs acls owners',
  devices: [{ number: '1', identity: 'ext4 /dev/sda1 ' }],
  missing: [],
}

/** The little of a status that is remembered. */
function status(
  kind: 'file' | 'symlink' | 'special',
  numbers: { ino: bigint; ctimeNs: bigint; mtimeNs: bigint; size: bigint },
): SourceStatus {
  const mode = { file: 0o100_644n, symlink: 0o120_777n, special: 0o010_644n }[kind]
  return { ...numbers, mode, dev: 1n, nlink: 1n, uid: 0n, gid: 0n }
}

const one = status('file', { ino: 5n, ctimeNs: 7n, mtimeNs: -8n, size: 9n })

/** The directory, of which nothing but a digest is kept. */
const itself = { status: one, device: 0 }

const directory = useTemporaryDirectory()
const file = (): string => `${directory()}/state`

/** What a run wrote, as bytes. */
function written(fill: (writer: StateWriter) => void, header: StateHeader = HEADER): Buffer {
  rmSync(file(), { force: true })
  const writer = new StateWriter(file())
  try {
    fill(writer)
    writer.seal({ ...header, missing: ['an earlier, longer header'] })
    writer.seal(header)
    return readFileSync(file())
  } finally {
    writer.close()
  }
}

function encoded(header: StateHeader = HEADER, names: readonly string[] = ['f']): Buffer {
  return written((writer) => {
    writer.addDirectory(
      '',
      names.map((name) => ({ name, status: one, device: 0 })),
      itself,
    )
    writer.addDirectory('d', [], itself)
  }, header)
}

/** Opens these bytes as a state, and closes it when that was asked for. */
async function opened<T>(bytes: Buffer, look: (reading: StateReading) => T): Promise<T> {
  writeFileSync(file(), bytes)
  const reading = await openState(file())
  try {
    return look(reading)
  } finally {
    if (reading.kind === 'state') reading.state.close()
  }
}

const kindOf = (bytes: Buffer): Promise<string> => opened(bytes, ({ kind }) => kind)

describe('the remembered state of a source', () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll(/[/\0]/gu, 'x'))
  const entry = fc.record({
    name,
    device: fc.nat(3),
    kind: fc.constantFrom('file' as const, 'symlink' as const, 'special' as const),
    numbers: fc.record({ ino: number, ctimeNs: time, mtimeNs: time, size: number }),
  })
  const directories = fc.uniqueArray(
    fc.tuple(name, fc.uniqueArray(entry, { selector: (found) => found.name, maxLength: 8 })),
    { selector: ([path]) => path, maxLength: 8 },
  )

  type Described = readonly [
    string,
    readonly (typeof entry extends fc.Arbitrary<infer T> ? T : never)[],
  ]
  const fillWith =
    (tree: readonly Described[]) =>
    (writer: StateWriter): void => {
      for (const [path, entries] of tree) {
        writer.addDirectory(
          path,
          entries.map((found) => ({ ...found, status: status(found.kind, found.numbers) })),
          itself,
        )
      }
    }

  test('is read back as it was written, whatever the names and numbers', async () => {
    await fc.assert(
      fc.asyncProperty(directories, async (tree) => {
        await opened(written(fillWith(tree)), (reading) => {
          if (reading.kind !== 'state') throw new Error(reading.reason)
          expect(reading.state.header).toEqual(HEADER)
          expect([...reading.state.directories()]).toEqual(tree.map(([path]) => path))
          for (const [path, entries] of tree) {
            const found = [...reading.state.entriesOf(path)!]
            expect(found).toEqual(
              entries.map(({ name: own, device, kind, numbers }) => [
                own,
                {
                  kind,
                  device,
                  inode: numbers.ino,
                  changedNs: numbers.ctimeNs,
                  modifiedNs: numbers.mtimeNs,
                  sizeBytes: numbers.size,
                },
              ]),
            )
          }
          const all = tree.flatMap(([path, entries]) =>
            entries.map((found) => ({ path: `${path}/${found.name}`, ...found.numbers })),
          )
          for (const { path, ino, mtimeNs, size } of all) {
            const found = (isWanted: (inode: number, look: number) => boolean): readonly string[] =>
              [...reading.state.find(isWanted)].map((one) => one.path)
            expect(found((inode) => inode === inodeKey(ino))).toContain(path)
            expect(found((_, look) => look === lookKey(mtimeNs, size))).toContain(path)
          }
          expect([...reading.state.find(() => true)].map(({ path }) => path)).toEqual(
            all.map(({ path }) => path),
          )
        })
      }),
    )
  })

  test('is read in memory as it would be from a file', () => {
    const writer = new StateWriter()
    writer.addDirectory('', [{ name: 'f', status: one, device: 0 }], itself)
    expect([...writer.read(HEADER).entriesOf('')!.keys()]).toEqual(['f'])
  })

  test('is read in pieces when it is large, in any order', async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `name-${index}`)
    const entries = names.map((name) => ({ name, status: one, device: 0 }))
    const paths = Array.from({ length: 20 }, (_, index) => `directory-${index}`)
    const bytes = written((writer) => {
      for (const path of paths) writer.addDirectory(path, entries, itself)
    })
    await opened(bytes, (reading) => {
      if (reading.kind !== 'state') throw new Error(reading.reason)
      for (const path of paths.toReversed()) {
        expect([...reading.state.entriesOf(path)!.keys()]).toEqual(names)
      }
    })
  })

  test('is not believed when a byte of it is another, one is missing or one too many', async () => {
    const bytes = encoded()
    for (let index = 0; index < bytes.length; index += 1) {
      const flipped = Buffer.from(bytes)
      flipped[index]! ^= 1
      expect(await kindOf(flipped)).toBe('damaged')
      expect(await kindOf(bytes.subarray(0, index))).toBe('damaged')
    }
    expect(await kindOf(Buffer.concat([bytes, Buffer.from('x')]))).toBe('damaged')
  })

  test('is damaged or whole whatever the bytes, and never an exception', async () => {
    const whole = (blocks: Uint8Array, head: string): Buffer => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(head.length)
      const all = Buffer.concat([Buffer.from(STATE_MAGIC), blocks, Buffer.from(head), length])
      return Buffer.concat([all, createHash('sha256').update(all).digest()])
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        expect(await kindOf(Buffer.from(bytes))).toBe('damaged')
        expect(await kindOf(Buffer.concat([Buffer.from(STATE_MAGIC), bytes]))).toBe('damaged')
        expect(await kindOf(whole(bytes, JSON.stringify(HEADER)))).toMatch(/^(?:damaged|state)$/u)
        expect(await kindOf(whole(new Uint8Array(), String.fromCharCode(...bytes)))).toBe('damaged')
      }),
    )
  })

  test('is none where there is no file', async () => {
    rmSync(file(), { force: true })
    expect(await openState(file())).toEqual({
      kind: 'damaged',
      reason: 'it cannot be read (ENOENT)',
    })
    expect(await openState(directory())).toMatchObject({ kind: 'damaged' })
  })

  test('leaves out what was not stored', async () => {
    await opened(encoded({ ...HEADER, missing: ['f'] }, ['f', 'g']), (reading) => {
      if (reading.kind !== 'state') throw new Error(reading.reason)
      expect([...reading.state.entriesOf('')!.keys()]).toEqual(['g'])
      expect(reading.state.entriesOf('d')?.size).toBe(0)
      expect(reading.state.entriesOf('elsewhere')).toBeUndefined()
    })
  })

  test('is not worth keeping when too much was not stored', () => {
    const missing = Array.from({ length: 10_001 }, (_, index) => `f${index}`)
    expect(new StateWriter().isOfUse({ ...HEADER, missing })).toBe(false)
    expect(new StateWriter().isOfUse(HEADER)).toBe(true)
  })
})
