/** The file that makes a directory a repository. Only `init` writes it. */
import { open } from 'node:fs/promises'
import * as v from 'valibot'
import { MARKER_NAME } from './layout.ts'

export const REPOSITORY_FORMAT = 1
/** A marker is some hundred bytes; what is larger is not one. */
const MARKER_LIMIT_BYTES = 64 * 1024

const markerSchema = v.object({
  format: v.literal(REPOSITORY_FORMAT),
  id: v.pipe(v.string(), v.uuid()),
  /** RFC 3339, UTC. */
  created: v.string(),
})
export type Marker = v.InferOutput<typeof markerSchema>

export type MarkerReading =
  | { readonly kind: 'marker'; readonly marker: Marker }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'damaged'; readonly reason: string }

export function encodeMarker(marker: Marker): string {
  return `${JSON.stringify(marker, undefined, 2)}\n`
}

/** Pure; the text is foreign, so what is wrong with it is a value. */
export function decodeMarker(text: string): MarkerReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'damaged', reason: 'it is not JSON' }
  }
  const format = v.safeParse(v.object({ format: v.number() }), value)
  if (format.success && format.output.format > REPOSITORY_FORMAT) {
    return { kind: 'newer', format: format.output.format }
  }
  const parsed = v.safeParse(markerSchema, value)
  return parsed.success
    ? { kind: 'marker', marker: parsed.output }
    : { kind: 'damaged', reason: 'it does not hold what the marker of a repository holds' }
}

/** Reads the marker of a directory. @throws the operating system's error, ENOENT for no marker */
export async function readMarker(directory: string): Promise<MarkerReading> {
  await using handle = await open(`${directory}/${MARKER_NAME}`, 'r')
  const { size } = await handle.stat()
  if (size > MARKER_LIMIT_BYTES) return { kind: 'damaged', reason: 'it is too large' }
  return decodeMarker(await handle.readFile('utf8'))
}
