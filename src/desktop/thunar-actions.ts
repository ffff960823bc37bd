/**
 * Thunar keeps all custom actions in one file, the user's own among them. One is put in and taken out as text, so that
 * every byte of the others stays what it was.
 */
import { MENU_LABEL, openVersionsWords } from './menu-files.ts'
import { escapeXml, quoteForShell } from './quote.ts'

const UNIQUE_ID = 'snapfs-previous-versions'

const EMPTY = `<?xml version="1.0" encoding="UTF-8"?>
<actions>
</actions>
`

/** Comments and CDATA whole, since what looks like an element in there is none. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(\/?)([A-Za-z][\w.-]*)[^<>]*?(\/?)>/gu

interface Span {
  readonly from: number
  readonly to: number
}

interface Reading {
  readonly actions: readonly Span[]
  /** Where the list ends. */
  readonly end: number
}

/**
 * The file with the entry, in place of an older one of its kind; undefined when it is not such a file.
 * @param text of the file; undefined where there is none
 */
export function withVersionsAction(text: string | undefined, program: string): string | undefined {
  const without = text === undefined || text.trim() === '' ? EMPTY : withoutVersionsAction(text)
  if (without === undefined) return undefined
  const reading = read(without)
  if (reading === undefined) return undefined
  return `${without.slice(0, reading.end)}${versionsAction(program)}${without.slice(reading.end)}`
}

/** The file without the entry; undefined when it is not such a file. */
export function withoutVersionsAction(text: string): string | undefined {
  const reading = read(text)
  if (reading === undefined) return undefined
  return reading.actions
    .filter(({ from, to }) => isOurs(text.slice(from, to)))
    .reverse()
    .reduce((rest, { from, to }) => {
      // The line break that was put after it goes with it.
      const end = rest[to] === '\n' ? to + 1 : to
      return rest.slice(0, from) + rest.slice(end)
    }, text)
}

function isOurs(action: string): boolean {
  return new RegExp(`<unique-id>\\s*${UNIQUE_ID}\\s*</unique-id>`, 'u').test(
    action.replaceAll(/<!--[\s\S]*?-->/gu, ''),
  )
}

/** Undefined when elements are not nested as in the list of actions that Thunar writes. */
function read(text: string): Reading | undefined {
  const open: string[] = []
  const actions: Span[] = []
  let from = 0
  let end: number | undefined
  for (const match of text.matchAll(TOKEN)) {
    const [token, closing, name, empty] = match
    if (name === undefined) continue
    if (end !== undefined) return undefined
    if (closing === '/') {
      if (open.pop() !== name) return undefined
      if (open.length === 1 && name === 'action') {
        actions.push({ from, to: match.index + token.length })
      }
      if (open.length === 0) end = match.index
    } else if (empty !== '/') {
      if (open.length === 0 && name !== 'actions') return undefined
      if (open.length === 1 && name === 'action') from = match.index
      open.push(name)
    } else if (open.length === 0) return undefined
  }
  return end === undefined ? undefined : { actions, end }
}

/** The kinds of files it is offered for are all there are, so for links and devices, too. */
function versionsAction(program: string): string {
  const words = openVersionsWords(program, 'thunar').map(quoteForShell).join(' ')
  // Thunar's field codes begin with a percent sign, as those of desktop entries do.
  const command = `${words.replaceAll('%', '%%')} %f`
  return `<action>
	<icon>document-open-recent</icon>
	<name>${MENU_LABEL}</name>
	<submenu></submenu>
	<unique-id>${UNIQUE_ID}</unique-id>
	<command>${escapeXml(command)}</command>
	<description>Show what was here before</description>
	<range>1</range>
	<patterns>*</patterns>
	<directories/>
	<audio-files/>
	<image-files/>
	<other-files/>
	<text-files/>
	<video-files/>
</action>
`
}
