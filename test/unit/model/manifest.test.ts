import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLabels } from '../../../src/model/labels.ts'
import { decodeManifest, encodeManifest } from '../../../src/model/manifest.ts'
import { manifestFor } from '../../support/described-history.ts'

const manifest = manifestFor('2026-11-20T08-00-00Z', 7, {
  problems: [{ kind: 'unreadable', message: 'opendir "/x" failed' }],
  problemCount: 1,
  outcome: 'partial',
})

describe('a manifest', () => {
  test('gives back what was written', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest)
  })

  test('says what is wrong with a damaged one', () => {
    expect(decodeManifest('{')).toEqual({ damage: 'it is not JSON' })
    expect(decodeManifest('{}')).toHaveProperty('damage')
    const future = { ...manifest, format: 2 }
    expect(decodeManifest(JSON.stringify(future))).toMatchObject({
      damage: expect.stringMatching(/^format/u) as string,
    })
  })

  test('is read or refused, never crashed on, however it is cut or changed', () => {
    const text = encodeManifest(manifest)
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 3 }), (at, insert) => {
        for (const changed of [
          text.slice(0, at),
          text.slice(0, at) + insert + text.slice(at + 1),
        ]) {
          expect(decodeManifest(changed)).toBeTypeOf('object')
        }
      }),
    )
  })
})

describe('labels', () => {
  test('are pins, tags and comments by snapshot', () => {
    const text = JSON.stringify({ format: 1, labels: { a: { pinned: true, tags: ['x'] } } })
    expect(decodeLabels(text)?.get('a')).toEqual({ pinned: true, tags: ['x'] })
  })

  test('that are damaged are no labels', () => {
    for (const text of ['', '[]', '{"format":9}', '{"format":1,"labels":{"a":3}}']) {
      expect(decodeLabels(text)).toBeUndefined()
    }
  })
})
