/** A state that an earlier run wrote, to be read. */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { systemErrorCode } from '../errors/system-error.ts'
import { showLife } from '../model/sign-of-life.ts'
import { headerSchema, SourceState, type StateHeader } from './source-state.ts'
import { BytesInFile, readWhole } from './state-bytes.ts'
import { STATE_END_BYTES, STATE_LIMIT_BYTES, STATE_MAGIC } from './state-writer.ts'

/** A state that fits its checksum, or a reason why there is none. */
export type StateReading =
  | { readonly kind: 'state'; readonly state: SourceState }
  | { readonly kind: 'damaged'; readonly reason: string }

/**
 * Opens a state. Whatever is wrong with it costs time and nothing else, so nothing is thrown that the operating system
 * says. The caller closes what it gets.
 */
export async function openState(file: string): Promise<StateReading> {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const reading = await readState(descriptor)
    if (reading.kind === 'damaged') closeSync(descriptor)
    return reading
  } catch (error) {
    const code = systemErrorCode(error)
    if (descriptor !== undefined) closeSync(descriptor)
    if (code === undefined) throw error
    return { kind: 'damaged', reason: `it cannot be read (${code})` }
  }
}

async function readState(descriptor: number): Promise<StateReading> {
  const damaged = (reason: string): StateReading => ({ kind: 'damaged', reason })
  const status = fstatSync(descriptor)
  const start = STATE_MAGIC.length
  if (!status.isFile()) return damaged('it is no file')
  if (status.size < start + STATE_END_BYTES) return damaged('it is too short')
  if (status.size > STATE_LIMIT_BYTES) return damaged('it is too large')
  const magic = Buffer.alloc(start)
  if (!readWhole(descriptor, magic, 0) || magic.toString('latin1') !== STATE_MAGIC) {
    return damaged('it is something else')
  }
  const end = Buffer.alloc(STATE_END_BYTES)
  const digestAt = status.size - STATE_END_BYTES + 4
  if (!readWhole(descriptor, end, digestAt - 4)) return damaged('it is cut off')
  const digest = await digestOf(descriptor, digestAt)
  if (digest?.equals(end.subarray(4)) !== true) return damaged('its checksum does not fit')
  const headerAt = digestAt - 4 - end.readUInt32LE(0)
  if (headerAt < start) return damaged('its header is longer than itself')
  const head = Buffer.alloc(end.readUInt32LE(0))
  if (!readWhole(descriptor, head, headerAt)) return damaged('it is cut off')
  const header = parseHeader(head.toString('utf8'))
  if (header === undefined) return damaged('its header is not understood')
  const state = new SourceState(header, new BytesInFile(descriptor, start, headerAt - start))
  return state.isWhole ? { kind: 'state', state } : damaged('its records are cut off')
}

const PIECE_BYTES = 1024 * 1024

async function digestOf(descriptor: number, end: number): Promise<Buffer | undefined> {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end))
  for (let at = 0; at < end; at += piece.length) {
    const bytes = piece.subarray(0, Math.min(piece.length, end - at))
    if (!readWhole(descriptor, bytes, at)) return undefined
    hash.update(bytes)
    showLife()
    await setImmediate()
  }
  return hash.digest()
}

function parseHeader(text: string): StateHeader | undefined {
  try {
    const parsed = v.safeParse(headerSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
