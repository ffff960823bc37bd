import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeState,
  inodeKey,
  lookKey,
  type StateHeader,
  StateWriter,
} from '../../../src/scan/source-state.ts'
import type { SourceStatus } from '../../../src/scan/source-status.ts'

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

function encoded(header: StateHeader = HEADER, names: readonly string[] = ['f']): Buffer {
  const writer = new StateWriter()
  writer.addDirectory(
    '',
    names.map((name) => ({ name, status: one, device: 0 })),
  )
  writer.addDirectory('d', [])
  return Buffer.concat([...writer.encode(header)!])
}

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

  test('is read back as it was written, whatever the names and numbers', () => {
    fc.assert(
      fc.property(directories, (tree) => {
        const writer = new StateWriter()
        for (const [path, entries] of tree) {
          writer.addDirectory(
            path,
            entries.map((found) => ({ ...found, status: status(found.kind, found.numbers) })),
          )
        }
        const reading = decodeState(Buffer.concat([...writer.encode(HEADER)!]))
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
      }),
    )
  })

  test('is not believed when a byte of it is another, one is missing or one too many', () => {
    const bytes = encoded()
    for (let index = 0; index < bytes.length; index += 1) {
      const flipped = Buffer.from(bytes)
      flipped[index]! ^= 1
      expect(decodeState(flipped).kind).toBe('damaged')
      expect(decodeState(bytes.subarray(0, index)).kind).toBe('damaged')
    }
    expect(decodeState(Buffer.concat([bytes, Buffer.from('x')])).kind).toBe('damaged')
  })

  test('is damaged or whole whatever the bytes, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const magic = Buffer.from('snapfs source state 1\n')
        expect(decodeState(Buffer.from(bytes)).kind).toBe('damaged')
        expect(decodeState(Buffer.concat([magic, bytes])).kind).toBe('damaged')
      }),
    )
  })

  test('leaves out what was not stored', () => {
    const reading = decodeState(encoded({ ...HEADER, missing: ['f'] }, ['f', 'g']))
    if (reading.kind !== 'state') throw new Error(reading.reason)
    expect([...reading.state.entriesOf('')!.keys()]).toEqual(['g'])
    expect(reading.state.entriesOf('d')?.size).toBe(0)
    expect(reading.state.entriesOf('elsewhere')).toBeUndefined()
  })

  test('is not worth keeping when too much was not stored', () => {
    const missing = Array.from({ length: 10_001 }, (_, index) => `f${index}`)
    expect(new StateWriter().encode({ ...HEADER, missing })).toBeUndefined()
  })
})
