/**
 * The table as a file, so that the next one who asks need not look through snapshots that never change. Pure. It is a cache:
 * whatever is not exactly as it was written is no table.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { parseSnapshotId, type SnapshotId } from '../model/snapshot-id.ts'
import { SpaceTable } from './space-table.ts'

/** Another one whenever the meaning of a byte changes. */
const FORMAT = 1
const LENGTH_BYTES = 4
const DIGEST_BYTES = 32
/** Of each file its inode and blocks as doubles, the rest as words. */
const FILE_BYTES = 2 * 8 + 5 * 4

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const headerSchema = v.object({
  format: v.literal(FORMAT),
  files: whole,
  snapshots: v.array(
    v.object({
      key: v.object({
        id: v.pipe(
          v.string(),
          v.check((text) => parseSnapshotId(text) !== undefined),
          v.transform((text) => text as SnapshotId),
        ),
        sequence: whole,
        inode: v.string(),
      }),
      ...{ names: whole, directories: whole, directoryBlocks: whole, closed: whole },
    }),
  ),
  earlier: v.array(v.tuple([whole, v.array(v.tuple([whole, whole, whole]))])),
})

/** @returns undefined for a table that cannot be kept: its inodes have numbers that a double does not hold */
export function encodeSpaceTable(table: SpaceTable): Buffer | undefined {
  const inodes = Float64Array.from(table.inodes.map(Number))
  if (table.inodes.some((inode) => typeof inode === 'bigint')) return undefined
  const header = Buffer.from(
    JSON.stringify({
      format: FORMAT,
      files: table.size,
      snapshots: table.snapshots,
      earlier: [...table.earlier].map(([place, runs]) => [
        place,
        runs.map(({ from, to, names }) => [from, to, names]),
      ]),
    }),
  )
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(header.length)
  const { links, from, to, names, directory } = table
  const parts = [
    ...[length, header, bytesOf(inodes), bytesOf(Float64Array.from(table.blocks))],
    ...[links, from, to, names, directory].map((column) => bytesOf(Uint32Array.from(column))),
    textBytes(table.name),
    textBytes(table.directories),
  ]
  return Buffer.concat([digestOf(parts), ...parts])
}

/** @returns undefined for what is no table, or is damaged */
export function decodeSpaceTable(file: Buffer): SpaceTable | undefined {
  const body = file.subarray(DIGEST_BYTES)
  if (body.length < LENGTH_BYTES || !digestOf([body]).equals(file.subarray(0, DIGEST_BYTES))) {
    return undefined
  }
  const headerEnd = LENGTH_BYTES + body.readUInt32LE(0)
  const header = v.safeParse(headerSchema, jsonOf(body.subarray(LENGTH_BYTES, headerEnd)))
  if (!header.success) return undefined
  const { files, snapshots, earlier } = header.output
  const columnsEnd = headerEnd + files * FILE_BYTES
  const texts = body.subarray(columnsEnd).toString('latin1').split('\0')
  const column = (bytesBefore: number, read: (at: number) => number, width: number): number[] =>
    Array.from({ length: files }, (_none, place) =>
      read(headerEnd + files * bytesBefore + place * width),
    )
  const double = (at: number): number => body.readDoubleLE(at)
  const word = (at: number): number => body.readUInt32LE(at)
  const inodes = column(0, double, 8)
  const blocks = column(8, double, 8)
  const [links = [], from = [], to = [], names = [], directory = []] = [16, 20, 24, 28, 32].map(
    (before) => column(before, word, 4),
  )
  const table = new SpaceTable()
  table.snapshots.push(...snapshots)
  texts.slice(files, -1).forEach((path) => table.placeOfDirectory(path))
  const earlierOf = new Map(earlier)
  for (let place = 0; place < files; place += 1) {
    table.add(inodes[place] ?? 0)
    table.links[place] = links[place] ?? 0
    table.blocks[place] = blocks[place] ?? 0
    table.directory[place] = directory[place] ?? 0
    table.name[place] = texts[place] ?? ''
    table.setRuns(place, [
      ...(earlierOf.get(place) ?? []).map(([first, last, count]) => ({
        ...{ from: first, to: last, names: count },
      })),
      { from: from[place] ?? 0, to: to[place] ?? 0, names: names[place] ?? 0 },
    ])
  }
  return table
}

/** In the order of this machine, which is the only one that reads it. */
function bytesOf(numbers: Float64Array | Uint32Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

/** Names hold no NUL. */
function textBytes(texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\0`).join(''), 'latin1')
}

function digestOf(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256')
  parts.forEach((part) => hash.update(part))
  return hash.digest()
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
