import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeVerifications, encodeVerification } from '../../../src/model/verification.ts'
import { idOf, manifestFor, verificationFor } from '../../support/described-history.ts'

const ID = '2026-11-20T08-00-00Z'
const snapshot = { id: idOf(ID), manifest: manifestFor(ID, 1) }
const first = verificationFor('2026-11-21T08-00-00Z', ID)
const second = verificationFor('2026-11-22T08-00-00Z', ID)
const text = encodeVerification(first) + encodeVerification(second)

describe('the verifications of a snapshot', () => {
  test('are read back as they were written, in their order', () => {
    expect(decodeVerifications(text, snapshot)).toEqual({
      verifications: [first, second],
      damagedLines: 0,
    })
  })

  test('lose a last line that was cut off anywhere, without a complaint', () => {
    for (let length = encodeVerification(first).length; length < text.length; length += 1) {
      expect(decodeVerifications(text.slice(0, length), snapshot)).toEqual({
        verifications: [first],
        damagedLines: 0,
      })
    }
  })

  test.each([
    ['no JSON', 'x\n'],
    ['an empty line', '\n'],
    ['a record of a later snapfs', encodeVerification({ ...first, format: 2 as 1 })],
    ['an id that is none', encodeVerification({ ...first, id: '2026-02-30T08-00-00Z' as never })],
    ['a record of another snapshot', encodeVerification({ ...first, snapshot: 'x' })],
    ['a record cut short', `${encodeVerification(first).slice(0, 40)}\n`],
  ])('count %s as damage, and keep the rest', (_what, line) => {
    expect(decodeVerifications(line + text, snapshot)).toEqual({
      verifications: [first, second],
      damagedLines: 1,
    })
  })

  test('are not those of a removed snapshot that had the same id', () => {
    const other = { ...first, snapshotStartedAt: '2026-11-20T08:00:00.500Z' }
    expect(decodeVerifications(encodeVerification(other) + text, snapshot)).toEqual({
      verifications: [first, second],
      damagedLines: 0,
    })
  })

  test('are never an exception, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (foreign) => {
        decodeVerifications(`${foreign}\n${text}`, snapshot)
      }),
    )
  })
})
