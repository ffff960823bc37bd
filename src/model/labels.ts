/** Pins, tags and comments: the only facts about a snapshot that may change after it was published. */
import * as v from 'valibot'

const labelSchema = v.object({
  pinned: v.optional(v.boolean(), false),
  tags: v.optional(v.array(v.string()), []),
  comment: v.optional(v.string()),
})
export type Label = v.InferOutput<typeof labelSchema>

const labelsSchema = v.object({ format: v.literal(1), labels: v.record(v.string(), labelSchema) })

/** Labels by snapshot id; a text that is not ours gives undefined. */
export function decodeLabels(text: string): ReadonlyMap<string, Label> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = v.safeParse(labelsSchema, value)
  return parsed.success ? new Map(Object.entries(parsed.output.labels)) : undefined
}
