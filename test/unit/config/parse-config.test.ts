import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configFile } from '../../../src/config/load-config.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { renderConfig } from '../../../src/config/write-config.ts'
import type { Profile } from '../../../src/model/profile.ts'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'

function parse(text: string) {
  return parseConfig(text, 'config.toml', '/home/anna')
}

function complaintOf(text: string): string {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof SnapfsError && error.code === 'USAGE') return error.message
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('the configuration', () => {
  test('gives profiles, with the home directory put in', () => {
    const text = `
repository = "/mnt/backup"
[profile.home]
source = "~"
exclude = [".cache/", "node_modules/"]
[profile.letters]
source = "~/letters/"
repository = "/mnt/other"
`
    expect(parse(text).profiles).toEqual([
      {
        name: 'home',
        source: '/home/anna',
        repository: '/mnt/backup',
        exclude: ['.cache/', 'node_modules/'],
      },
      { name: 'letters', source: '/home/anna/letters', repository: '/mnt/other', exclude: [] },
    ])
  })

  test('may hold a schedule and what to keep', () => {
    const keep =
      'keep = { last = 3, hourly = 24, daily = 30, weekly = 12, monthly = 24, yearly = 10 }'
    const text = `repository = "/r"\n[profile.a]\nsource = "~"\nschedule = "every 12 hours"\n`
    expect(parse(text + keep).profiles).toHaveLength(1)
    expect(complaintOf(text + keep.replace('last', 'lst'))).toMatch(
      /^config\.toml:5:10: profile\.a\.keep\.lst: unknown key/u,
    )
  })

  test.each([
    ['30 minutes', 1_800_000],
    ['1h30m', 5_400_000],
    ['0 s', 0],
    ['forever', Infinity],
  ])('says how long to wait: %j', (words, waitMs) => {
    const text = `repository = "/r"\n[profile.a]\nsource = "/"\nwait = "${words}"\n`
    expect(parse(text).profiles).toMatchObject([{ name: 'a', waitMs }])
  })

  test('says how much a source may shrink', () => {
    const text = 'repository = "/r"\n[profile.a]\nsource = "/"\nmax_shrink = '
    expect(parse(`${text}"80 %"`).profiles).toMatchObject([{ name: 'a', maxShrink: 0.8 }])
    expect(parse(`${text}"off"`).profiles).toMatchObject([{ name: 'a', maxShrink: Infinity }])
  })

  test.each([
    ['a = \n', /^config\.toml:2:1: /u],
    ['repository = "/r"\n[profile.a\nsource = "/"', /^config\.toml:3:1: /u],
    ['repository = "/r"\n[profile.a]\nsource = "/"\n[profile.a]\n', /^config\.toml:4:\d+: /u],
    [
      'repository = "/r"\nrepositry = "/x"\n[profile.a]\nsource = "/"',
      /^config\.toml:2:1: repositry: unknown key/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = 3',
      /^config\.toml:3:1: profile\.a\.source: expected string/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nexclude = []',
      /^config\.toml:2:1: profile\.a\.source: is missing/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nexclude = ["ok",\n  ""]',
      /^config\.toml:5:3: profile\.a\.exclude\.1: .*empty/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nexclude = ["+ "]',
      /^config\.toml:4:12: profile\.a\.exclude\.0: .*empty/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nexclude_if_present = [".no", "a/b"]',
      /^config\.toml:4:30: profile\.a\.exclude_if_present\.1: the name of a mark is that of one file/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nexclude_larger_than = "big"',
      /^config\.toml:4:1: profile\.a\.exclude_larger_than: an amount of bytes is written as "5 GiB"/u,
    ],
    ['repository = "r"\n[profile.a]\nsource = "/"', /^config\.toml:1:1: repository: .*begin with/u],
    [
      'repository = "/r"\n[profile."a b"]\nsource = "/"',
      /^config\.toml:2:1: profile\.a b: .*named with/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nwait = "a while"',
      /^config\.toml:4:1: profile\.a\.wait: a duration is written as "90 s", .* or "forever"/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nmax_shrink = "much"',
      /^config\.toml:4:1: profile\.a\.max_shrink: a share of the source is written as "50 %" or "off"/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nmax_shrink = 50',
      /^config\.toml:4:1: profile\.a\.max_shrink: expected string/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nstall_timeout = "0 s"',
      /^config\.toml:4:1: profile\.a\.stall_timeout: a duration of a second or more/u,
    ],
    [
      'repository = "/r"\n[profile.a]\nsource = "/"\nwait = 30',
      /^config\.toml:4:1: profile\.a\.wait: expected string/u,
    ],
    ['[profile.a]\nsource = "/"', /^config\.toml:1:1: profile\.a has no repository/u],
    ['repository = "/r"', /^config\.toml:1:1: profile: is missing/u],
    ['repository = "/r"\n[profile]', /^config\.toml:1:1: there is no/u],
  ])('says where %j is wrong', (text, message) => {
    expect(complaintOf(text)).toMatch(message)
  })

  test('is read or refused with a place, whatever it holds', () => {
    const piece = fc.constantFrom(
      'repository',
      ' = ',
      '"/r"',
      '\n',
      '[profile.a]',
      'source',
      '[',
      ']',
      '"',
      '#',
      "'''",
      '{',
      '}',
      '1',
      '__proto__',
      '.',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('')
        try {
          parse(text)
        } catch (error) {
          expect(error).toBeInstanceOf(SnapfsError)
          expect(String(error)).toMatch(/config\.toml:\d+:\d+: /u)
        }
      }),
    )
  })

  test.each([
    '[__proto__.source]',
    '[profile.a]\n__proto__.x = 1',
    '[profile.a]\nkeep = { "__proto__" = 1 }',
    '[constructor.prototype]\nsource = 1',
  ])('cannot reach into the program: %j', (text) => {
    expect(complaintOf(text)).toMatch(/^config\.toml:\d+:\d+: a key cannot be named/u)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('that init writes is read back as it was meant', () => {
    for (const name of ['home', 'a.b', '0']) {
      const profile = {
        name,
        source: '/home/anna/"odd" \\ name\t',
        repository: '/mnt/back\u0001up',
        exclude: ['.cache/'],
      }
      expect(parse(renderConfig(profile)).profiles).toEqual([profile])
    }
  })

  test('that init writes has a policy to be taken as it is', () => {
    const profile = { name: 'home', source: '/home', repository: '/mnt/backup', exclude: [] }
    const lines = renderConfig(profile).replaceAll(/^# (keep|prune) = /gmu, '$1 = ')
    const rules = 'hourly = 24, daily = 30, weekly = 12, monthly = 24, yearly = 10'
    const [{ keep }] = parse(`repository = "/r"\n[profile.a]\nsource = "/"\nkeep = { ${rules} }`)
      .profiles as [Profile]
    expect(keep).toBeDefined()
    expect(parse(lines).profiles).toEqual([{ ...profile, keep, prune: 'after backup' }])
  })
})

describe('the place of the configuration', () => {
  const place = {
    option: undefined,
    variable: undefined,
    configHome: undefined,
    homeDirectory: '/home/anna',
    isRoot: false,
  }

  test('is what the option says, else the variable, else that of the user', () => {
    expect(configFile({ ...place, option: 'a', variable: 'b' })).toBe('a')
    expect(configFile({ ...place, variable: 'b' })).toBe('b')
    expect(configFile(place)).toBe('/home/anna/.config/snapfs/config.toml')
    expect(configFile({ ...place, configHome: '/x' })).toBe('/x/snapfs/config.toml')
    expect(configFile({ ...place, isRoot: true })).toBe('/etc/snapfs/config.toml')
  })
})
