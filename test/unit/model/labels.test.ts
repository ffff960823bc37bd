import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  changeLabel,
  decodeLabels,
  encodeLabels,
  type Label,
  objectionToTag,
} from '../../../src/model/labels.ts'

const NONE: Label = { pinned: false, tags: [] }

describe('labels', () => {
  test('are read as they were written; a snapshot without any is not in the file', () => {
    const labels = fc.record(
      {
        pinned: fc.boolean(),
        tags: fc.array(fc.string()),
        comment: fc.string(),
      },
      { requiredKeys: ['pinned', 'tags'] },
    )
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^\d{4}-[0-9TZ-]{1,16}$/u), labels), (all) => {
        const written = new Map<string, Label>(Object.entries(all))
        const read = decodeLabels(encodeLabels(written))
        const told = [...written].filter(
          ([, one]) => one.pinned || one.tags.length > 0 || one.comment !== undefined,
        )
        expect(read).toEqual(new Map(told))
      }),
    )
  })

  test('change one by one', () => {
    const pinned = changeLabel(undefined, { kind: 'pin' })
    expect(pinned).toEqual({ pinned: true, tags: [] })
    const tagged = changeLabel(pinned, { kind: 'tag', tags: ['a', 'b', 'a'] })
    expect(tagged).toEqual({ pinned: true, tags: ['a', 'b'] })
    expect(changeLabel(tagged, { kind: 'tag', tags: ['b'] })).toEqual(tagged)
    const said = changeLabel(tagged, { kind: 'comment', text: 'c' })
    expect(said).toEqual({ ...tagged, comment: 'c' })
    expect(changeLabel(said, { kind: 'comment', text: '' })).toEqual(tagged)
    expect(changeLabel(tagged, { kind: 'untag', tags: ['a', 'x'] })).toMatchObject({ tags: ['b'] })
    expect(changeLabel(pinned, { kind: 'unpin' })).toEqual(NONE)
  })

  test.each([
    ['before upgrade', undefined],
    ['', 'is empty'],
    [' a', 'begins or ends with a space'],
    ['a\nb', 'holds a control character'],
    ['x'.repeat(101), 'is longer than 100 characters'],
  ])('have no tag such as %j', (tag, objection) => {
    expect(objectionToTag(tag)).toBe(objection)
  })
})
