import * as v from 'valibot'

/** A text that a parser of ours understands. */
export function worded<Value>(parse: (text: string) => Value | undefined, otherwise: string) {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }): Value => {
      const value = parse(dataset.value)
      if (value !== undefined) return value
      addIssue({ message: otherwise })
      return NEVER
    }),
  )
}
