/** Parts of large files that the kernel takes from where they lie. */
import { randomBytes } from 'node:crypto'
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { KernelServer } from '../../src/fuse/kernel/kernel-server.ts'
import { OUT_HEADER_BYTES } from '../../src/fuse/kernel/protocol.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../src/view/default-template.ts'
import { openViews } from '../../src/view/open-views.ts'
import { file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { fuseRequest, OFFERED_BY_LINUX_6_18, reading } from '../support/fuse-requests.ts'
import { LONELY_HOST } from '../support/kernel-server.ts'
import { ProtocolClient } from '../support/protocol-subject.ts'
import { systemLibrary } from '../support/quick-ways.ts'
import { testWith } from '../support/requirements.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith()
const ID = '2026-11-20T08-00-00Z'
const READ = 15
const MIB = 1024 ** 2
const CONTENT = randomBytes(5 * MIB + 1)
let stored = ''
let server: KernelServer<object>
let node = 0n

beforeEach(async () => {
  const history = [{ id: ID, tree: { large: file('') } }]
  const repository = await writeRepository(`${directory()}/repository`, history)
  stored = `${repository}/home/${ID}/tree/large`
  await writeFile(stored, CONTENT)
  const recipe = { repository, profiles: ['home'], dateFormat: DEFAULT_TEMPLATE_TEXT }
  const { fileSystem } = openViews(
    { ...recipe, owner: { owner: 0, group: 0 }, timeZone: 'UTC', patienceMs: Infinity },
    { now: () => 0, elapsed: () => 0 },
    'by node',
  )
  const kernel = new KernelServer(
    fileSystem,
    { ...LONELY_HOST, writesMapped: true },
    { accessLists: false, passthrough: false, without: [], generation: 1 },
  )
  server = kernel as unknown as KernelServer<object>
  server.answer(fuseRequest(26, OFFERED_BY_LINUX_6_18))
  node = new ProtocolClient(server).walk('/by-date/2026-11-20_08-00-00/large')!.node
})

/** @returns what was left in the file, and the reply with it */
function read(offset: number, size: number) {
  const length = server.answer(
    fuseRequest(READ, reading(size, BigInt(offset)), { node, unique: 8n }),
  )
  const { left } = server
  const whole = left === undefined ? length : server.completeLeft()
  const reply = Buffer.from(server.reply.bytes.subarray(0, whole))
  return { left, length, error: reply.readInt32LE(4), content: reply.subarray(OUT_HEADER_BYTES) }
}

describe('a part of a file', () => {
  test('is left there when it is large and begins with a page, and is completed as it is', () => {
    for (const [offset, size] of [
      [0, MIB],
      [MIB, MIB],
      [4 * MIB, MIB],
      [64 * 1024, 256 * 1024],
    ] as const) {
      const { left, length, content } = read(offset, size)
      expect({ left, length }).toMatchObject({
        left: { offset, length: size },
        length: OUT_HEADER_BYTES + size,
      })
      expect(content.equals(CONTENT.subarray(offset, offset + size))).toBe(true)
    }
  })

  test('is copied at once where it is small, begins elsewhere, or is the end', () => {
    for (const [offset, size] of [
      [0, 128 * 1024],
      [4096, MIB],
      [5 * MIB, MIB],
      [4 * MIB + 64 * 1024, MIB],
      [6 * MIB, MIB],
    ] as const) {
      const { left, content } = read(offset, size)
      expect(left).toBeUndefined()
      expect(content.equals(CONTENT.subarray(offset, offset + size))).toBe(true)
    }
  })

  test('is written behind the header of its reply', async () => {
    const write = (await systemLibrary()).mappedWrites(server.reply.bytes, OUT_HEADER_BYTES)
    await using device = await open(`${directory()}/device`, 'w+')
    server.answer(fuseRequest(READ, reading(MIB, BigInt(2 * MIB)), { node, unique: 8n }))
    expect(write(device.fd, server.left!)).toBe(0)
    const written = await readFile(`${directory()}/device`)
    expect(written.readUInt32LE(0)).toBe(OUT_HEADER_BYTES + MIB)
    expect([written.readInt32LE(4), written.readBigUInt64LE(8)]).toEqual([0, 8n])
    expect(written.subarray(OUT_HEADER_BYTES).equals(CONTENT.subarray(2 * MIB, 3 * MIB))).toBe(true)
  })

  test('that is not there any more is no more than what is read', async () => {
    const write = (await systemLibrary()).mappedWrites(server.reply.bytes, OUT_HEADER_BYTES)
    server.answer(fuseRequest(READ, reading(MIB, 0n), { node, unique: 8n }))
    const left = server.left!
    await truncate(stored, 300_000)
    await using device = await open(`${directory()}/device`, 'w+')
    expect(write(device.fd, left)).toBeLessThan(0)
    expect(write(device.fd, { ...left, descriptor: 100_000 })).toBeLessThan(0)
    expect((await stat(`${directory()}/device`)).size).toBeLessThan(MIB)
    expect(server.completeLeft()).toBe(OUT_HEADER_BYTES + 300_000)
    expect(server.reply.bytes.readUInt32LE(0)).toBe(OUT_HEADER_BYTES + 300_000)
    expect(server.reply.bytes.readInt32LE(4)).toBe(0)
  })
})
