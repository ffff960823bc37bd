import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutVersionsAction, withVersionsAction } from '../../../src/desktop/thunar-actions.ts'

const PROGRAM = '/usr/local/bin/snapfs'

const part = fc.oneof(
  fc.constantFrom(
    '<action><name>Print</name><command>lp %F</command></action>',
    '<action>\n\t<unique-id>1-1</unique-id>\n\t<startup-notify/>\n</action>',
    '<!-- <action><unique-id>snapfs-previous-versions</unique-id></action> -->',
    '<action><command><![CDATA[echo "</actions>" > /dev/null]]></command></action>',
    '<action attribute="a"><name xml:lang="de">Ü &amp; Ö</name></action>',
    '<action><!-- <unique-id>snapfs-previous-versions</unique-id> --></action>',
  ),
  fc.constantFrom('\n', '\n\n', '  ', ''),
)
const file = fc
  .array(part, { maxLength: 8 })
  .map((parts) => `<?xml version="1.0"?>\n<actions>${parts.join('')}</actions>\n`)

describe('the actions of Thunar', () => {
  test('are byte for byte what they were when the entry was put in and taken out', () => {
    fc.assert(
      fc.property(file, (text) => {
        const added = withVersionsAction(text, PROGRAM)!
        expect(added).toContain(`<command>${PROGRAM} open-versions --with thunar -- %f</command>`)
        expect(withoutVersionsAction(added)).toBe(text)
      }),
    )
  })

  test('hold the entry once, however often it is put in, and as it is now', () => {
    fc.assert(
      fc.property(file, (text) => {
        const once = withVersionsAction(text, '/opt/old/snapfs')!
        expect(withVersionsAction(once, PROGRAM)).toBe(withVersionsAction(text, PROGRAM))
      }),
    )
  })

  test('lose the entry also when Thunar wrote it anew in its own form', () => {
    const rewritten =
      '<?xml version="1.0" encoding="UTF-8"?>\n<actions>\n<action>\n\t<icon>utilities-terminal</icon>\n</action>\n' +
      '<action>\n\t<icon>document-open-recent</icon>\n\t<unique-id>snapfs-previous-versions</unique-id>\n</action>\n</actions>'
    expect(withoutVersionsAction(rewritten)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<actions>\n<action>\n\t<icon>utilities-terminal</icon>\n</action>\n</actions>',
    )
  })

  test('begin with the entry where there were none', () => {
    for (const text of [undefined, '', ' \n']) {
      expect(withVersionsAction(text, PROGRAM)).toMatch(/^<\?xml [^\n]*\n<actions>\n<action>/u)
    }
  })

  test('quote a program with odd characters for the shell, and for XML', () => {
    const added = withVersionsAction(undefined, "/home/o'neil & sons/100%/snapfs")
    expect(added).toContain(
      String.raw`<command>'/home/o'\''neil &amp; sons/100%%/snapfs' open-versions`,
    )
  })

  test.each([
    'no markup',
    '<html></html>',
    '<actions>',
    '<actions></action></actions>',
    '<actions></actions><actions></actions>',
    '<actions><action></actions></action>',
    '<other/>',
  ])('are left alone when they are none: %s', (text) => {
    expect(withVersionsAction(text, PROGRAM)).toBeUndefined()
    expect(withoutVersionsAction(text)).toBeUndefined()
  })
})
