import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatRemoteLocation,
  parseSourceLocation,
  type SourceLocation,
} from '../../../src/model/source-location.ts'

function locationOf(text: string): SourceLocation {
  const reading = parseSourceLocation(text)
  if (reading.kind === 'refused') throw new Error(reading.objection)
  return reading.location
}

describe('the location of a source', () => {
  test.each(['/home/anna', '/a:b', './a:b', 'a/b:c', 'Documents', '~'])(
    'is on this machine for %s',
    (path) => {
      expect(locationOf(path)).toEqual({ kind: 'local', path })
    },
  )

  test.each([
    ['web1:/srv', { user: undefined, host: 'web1', path: '/srv' }],
    [
      'anna@web1.example.org:/srv/data/',
      { user: 'anna', host: 'web1.example.org', path: '/srv/data' },
    ],
    ['web1:/', { user: undefined, host: 'web1', path: '/' }],
    ['anna@[2001:db8::1]:/a:b', { user: 'anna', host: '[2001:db8::1]', path: '/a:b' }],
    ["web1:/it's $(x) *", { user: undefined, host: 'web1', path: "/it's $(x) *" }],
  ])('is behind ssh for %s', (text, rest) => {
    expect(locationOf(text)).toEqual({ kind: 'ssh', ...rest })
  })

  test.each([
    [
      'rsync://nas/data',
      { user: undefined, host: 'nas', port: undefined, module: 'data', path: '' },
    ],
    [
      'rsync://nas/data/',
      { user: undefined, host: 'nas', port: undefined, module: 'data', path: '' },
    ],
    [
      'rsync://anna@nas:8730/data/a b/c/',
      { user: 'anna', host: 'nas', port: '8730', module: 'data', path: 'a b/c' },
    ],
    ['RSYNC://[::1]:9/m/p', { user: undefined, host: '[::1]', port: '9', module: 'm', path: 'p' }],
  ])('is at a daemon for %s', (text, rest) => {
    expect(locationOf(text)).toEqual({ kind: 'daemon', ...rest })
  })

  test.each([
    ['c:d', /full path; write HOST:\/PATH, or \.\/c:d/u],
    ['web1:', /full path/u],
    ['web1:~/x', /full path/u],
    [':/x', /host that is none/u],
    ['-oProxyCommand=id:/x', /host that is none/u],
    ['-x@web1:/x', /user that is none/u],
    ['@web1:/x', /user that is none/u],
    ['a b:/x', /host that is none/u],
    ['web1;id:/x', /host that is none/u],
    ['web1::module', /write rsync:\/\/HOST\/MODULE/u],
    ['ssh://web1/x', /scheme that snapfs does not know/u],
    ['web1:/a\nb', /control character/u],
    ['web1:/a\u007Fb', /control character/u],
    ['rsync://nas', /no module/u],
    ['rsync:///m', /host that is none/u],
    ['rsync://nas/-m', /no module/u],
    ['rsync://nas:0/m', /port that is none/u],
    ['rsync://nas:99999/m', /port that is none/u],
    ['rsync://nas:x/m', /port that is none/u],
    ['rsync://a:secret@nas/m', /holds a password/u],
    ['rsync:/nas/m', /not of the form/u],
    ['[::1:/x', /host that is none|names no host/u],
  ])('is refused for %j', (text, objection) => {
    const reading = parseSourceLocation(text)
    expect(reading).toMatchObject({
      kind: 'refused',
      objection: expect.stringMatching(objection) as string,
    })
    expect(JSON.stringify(reading)).not.toContain('secret')
  })

  test('is the same when it is written out and read again', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,10}$/u)
    const path = fc.string().filter((text) => !/[\0-\x1f\x7f]/u.test(text))
    fc.assert(
      fc.property(fc.option(name), name, path, (user, host, rest) => {
        const before = user === null ? '' : `${user}@`
        for (const text of [`${before}${host}:/${rest}`, `rsync://${before}${host}/m/${rest}`]) {
          const reading = parseSourceLocation(text)
          if (reading.kind === 'refused' || reading.location.kind === 'local') continue
          expect(locationOf(formatRemoteLocation(reading.location))).toEqual(reading.location)
        }
      }),
    )
  })

  test('never names a host that a program would take for an option', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        for (const text of [`${left}:/${right}`, `rsync://${left}/${right}`, left]) {
          const reading = parseSourceLocation(text)
          if (reading.kind === 'refused' || reading.location.kind === 'local') continue
          const { user, host } = reading.location
          expect(host).toMatch(/^[A-Za-z0-9[][\w.:%\]-]*$/u)
          expect(user ?? 'x').toMatch(/^\w[\w.-]*$/u)
        }
      }),
    )
  })
})
