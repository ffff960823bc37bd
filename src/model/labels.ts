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

/** What a tag must not be, or undefined when it may be one. */
export function objectionToTag(tag: string): string | undefined {
  if (tag.trim() === '') return 'is empty'
  if (tag !== tag.trim()) return 'begins or ends with a space'
  if (tag.length > TAG_LIMIT) return `is longer than ${TAG_LIMIT} characters`
  return /\p{Cc}/u.test(tag) ? 'holds a control character' : undefined
}

const TAG_LIMIT = 100

const NO_LABEL: Label = { pinned: false, tags: [] }

/** One thing to do to the labels of a snapshot. */
export type LabelChange =
  | { readonly kind: 'pin' | 'unpin' }
  | { readonly kind: 'tag' | 'untag'; readonly tags: readonly string[] }
  /** An empty one takes the comment away. */
  | { readonly kind: 'comment'; readonly text: string }

export function changeLabel(label: Label = NO_LABEL, change: LabelChange): Label {
  switch (change.kind) {
    case 'pin':
    case 'unpin':
      return { ...label, pinned: change.kind === 'pin' }
    case 'tag':
      return { ...label, tags: [...new Set([...label.tags, ...change.tags])] }
    case 'untag':
      return { ...label, tags: label.tags.filter((tag) => !change.tags.includes(tag)) }
    case 'comment':
      return {
        ...{ pinned: label.pinned, tags: label.tags },
        ...(change.text === '' ? {} : { comment: change.text }),
      }
  }
}

/** The file's text. Snapshots without any label are not in it. */
export function encodeLabels(labels: ReadonlyMap<string, Label>): string {
  const told = [...labels].filter(
    ([, { pinned, tags, comment }]) => pinned || tags.length > 0 || comment !== undefined,
  )
  return `${JSON.stringify({ format: 1, labels: Object.fromEntries(told) }, undefined, 2)}\n`
}
