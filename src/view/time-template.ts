/**
 * The name of a snapshot in by-date: a strftime template, rendered in the viewer's time zone. A
 * template must tell every second from every other, so that no two snapshots ever share a name and
 * no name depends on which other snapshots exist.
 */
import { Temporal } from 'temporal-polyfill'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { type EntryName, type EntryPath, nameFromText } from '../model/entry-name.ts'

/** The link to the newest snapshot; no template may render to it. */
export const LATEST_LINK = 'latest'

type Field = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'offset' | 'dayOfYear'
type Part = string | { readonly field: Field }

export interface TimeTemplate {
  /** One list of parts per directory level. */
  readonly components: readonly (readonly Part[])[]
  readonly hasOffset: boolean
}

const FIELDS: ReadonlyMap<string, readonly Part[]> = new Map<string, readonly Part[]>([
  ['Y', [{ field: 'year' }]],
  ['m', [{ field: 'month' }]],
  ['d', [{ field: 'day' }]],
  ['H', [{ field: 'hour' }]],
  ['M', [{ field: 'minute' }]],
  ['S', [{ field: 'second' }]],
  ['z', [{ field: 'offset' }]],
  ['j', [{ field: 'dayOfYear' }]],
  ['F', [{ field: 'year' }, '-', { field: 'month' }, '-', { field: 'day' }]],
  ['%', ['%']],
])

const COMPONENT_LIMIT_BYTES = 200

/** @throws SnapfsError USAGE, saying what is wrong with the template */
export function parseTimeTemplate(text: string): TimeTemplate {
  const refuse = (reason: string): SnapfsError =>
    new SnapfsError('USAGE', `The date format "${text}" will not do: ${reason}.`, {
      hint: `It takes %Y %m %d %H %M %S %F %j %z %%, and "/" for directories, as in %Y/%m/%d_%H-%M-%S.`,
    })
  const components = text.split('/').map((component) => parseComponent(component, refuse))
  const fields = new Set(
    components.flat().flatMap((part) => (typeof part === 'string' ? [] : [part.field])),
  )
  const hasDate =
    fields.has('year') && (fields.has('dayOfYear') || (fields.has('month') && fields.has('day')))
  if (!hasDate || !fields.has('hour') || !fields.has('minute') || !fields.has('second')) {
    throw refuse('it must hold year, month, day, hour, minute and second, so that names are unique')
  }
  if (components.some((parts) => parts.length === 1 && parts[0] === LATEST_LINK)) {
    throw refuse(`"${LATEST_LINK}" is the name of the link to the newest snapshot`)
  }
  return { components, hasOffset: fields.has('offset') }
}

function parseComponent(component: string, refuse: (reason: string) => SnapfsError): Part[] {
  if (component === '' || component === '.' || component === '..') {
    throw refuse('each part between slashes needs a name')
  }
  if (component.includes('\0') || Buffer.byteLength(component) > COMPONENT_LIMIT_BYTES) {
    throw refuse('a part is too long or holds a NUL')
  }
  const parts: Part[] = []
  for (let index = 0; index < component.length; index += 1) {
    const character = component.charAt(index)
    if (character !== '%') {
      const last = parts.at(-1)
      if (typeof last === 'string') parts[parts.length - 1] = last + character
      else parts.push(character)
      continue
    }
    index += 1
    const expansion = FIELDS.get(component.charAt(index))
    if (expansion === undefined) throw refuse(`"%${component.charAt(index)}" is not known`)
    parts.push(...expansion)
  }
  return parts
}

/**
 * Renders an instant. A local time that occurs twice, because the clock was set back, carries its
 * offset both times.
 * @param zone an IANA time zone
 */
export function renderTime(template: TimeTemplate, epochMs: number, zone: string): EntryPath {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone)
  const offset = local.offset.replace(':', '')
  const texts = template.components.map((parts) =>
    parts
      .map((part) => (typeof part === 'string' ? part : renderField(part.field, local)))
      .join(''),
  )
  if (!template.hasOffset && occursTwice(local)) {
    texts.push(`${texts.pop() ?? ''}${offset}`)
  }
  return texts.map(nameFromText)
}

/** The same for a template of one level, as one name. */
export function renderTimeName(template: TimeTemplate, epochMs: number, zone: string): EntryName {
  return nameFromText(renderTime(template, epochMs, zone).join('-'))
}

function renderField(field: Field, local: Temporal.ZonedDateTime): string {
  switch (field) {
    case 'year':
      return String(local.year).padStart(4, '0')
    case 'dayOfYear':
      return String(local.dayOfYear).padStart(3, '0')
    case 'offset':
      return local.offset.replace(':', '')
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second':
      return String(local[field]).padStart(2, '0')
  }
}

function occursTwice(local: Temporal.ZonedDateTime): boolean {
  const wall = local.toPlainDateTime()
  const earlier = wall.toZonedDateTime(local.timeZoneId, { disambiguation: 'earlier' })
  const later = wall.toZonedDateTime(local.timeZoneId, { disambiguation: 'later' })
  return earlier.epochMilliseconds !== later.epochMilliseconds
}
