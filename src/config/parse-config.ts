/**
 * The text of a configuration file to profiles. Every complaint says file, line and column, whether
 * the TOML is broken or a value is not what we expect.
 */
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser'
import * as v from 'valibot'
import { SnapfsError } from '../errors/snapfs-error.ts'
import {
  DURATION_EXAMPLES,
  parseDurationMs,
  parseSpanMs,
  SPAN_EXAMPLES,
} from '../model/duration.ts'
import { objectionToPattern } from '../model/exclude-pattern.ts'
import { keepPolicy } from '../model/keep-policy.ts'
import { isProfileName, type Profile, PRUNE_TIMES } from '../model/profile.ts'
import { parseStallLimitMs, STALL_LIMIT_EXAMPLES } from '../model/stall-limit.ts'
import { parseWaitLimitMs, WAIT_LIMIT_EXAMPLES } from '../model/wait-limit.ts'
import { profileSettings, settingsEntries } from './profile-settings.ts'
import {
  accessEntries,
  accessOf,
  pathSchema,
  sourceSchema,
  strayAccessKey,
} from './source-schema.ts'
import { worded } from './worded.ts'

export interface Config {
  /** Where it was read from, for messages. */
  readonly file: string
  readonly profiles: readonly Profile[]
}

/** Larger texts are refused before they are parsed. */
export const CONFIG_LIMIT_BYTES = 1024 * 1024

const patternSchema = v.pipe(
  v.string(),
  v.check(
    (pattern) => objectionToPattern(pattern) === undefined,
    ({ input }) => `an exclude pattern ${objectionToPattern(input) ?? ''}`,
  ),
)

const keepCount = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)))

/** How many to keep of each. */
const keepSchema = v.pipe(
  v.strictObject({
    ...{ last: keepCount, hourly: keepCount, daily: keepCount, weekly: keepCount },
    ...{ monthly: keepCount, yearly: keepCount, minimum: keepCount },
    within: v.optional(worded(parseDurationMs, `a duration is written as ${DURATION_EXAMPLES}`)),
    deleted: v.optional(worded(parseSpanMs, `a time is written as ${SPAN_EXAMPLES}`)),
  }),
  v.transform(keepPolicy),
)

const profileSchema = v.strictObject({
  source: sourceSchema,
  ...accessEntries,
  repository: v.optional(pathSchema),
  exclude: v.optional(v.array(patternSchema), []),
  wait: v.optional(worded(parseWaitLimitMs, `a duration is written as ${WAIT_LIMIT_EXAMPLES}`)),
  ...settingsEntries,
  stall_timeout: v.optional(
    worded(
      parseStallLimitMs,
      `a duration of a second or more is written as ${STALL_LIMIT_EXAMPLES}`,
    ),
  ),
  keep: v.optional(keepSchema),
  prune: v.optional(v.picklist(PRUNE_TIMES)),
  /** The same: for a later `schedule`. */
  schedule: v.optional(v.string()),
})

const configSchema = v.strictObject({
  repository: v.optional(pathSchema),
  profile: v.record(
    v.pipe(
      v.string(),
      v.check(isProfileName, 'a profile is named with letters, digits, ".", "_" and "-"'),
    ),
    profileSchema,
  ),
})

/**
 * Reads a configuration.
 * @param homeDirectory what a leading `~` stands for
 * @throws SnapfsError USAGE with file, line and column
 */
export function parseConfig(text: string, file: string, homeDirectory: string): Config {
  let program: AST.TOMLProgram
  try {
    program = parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw located(file, { line: error.lineNumber, column: error.column }, error.message)
  }
  const inherited = firstInheritedKey(program)
  if (inherited !== undefined) {
    throw located(
      file,
      inherited.loc.start,
      'a key cannot be named like a property of every object',
    )
  }
  const result = v.safeParse(configSchema, getStaticTOMLValue(program))
  if (!result.success) {
    const issue = result.issues[0]
    const path = (issue.path ?? []).map((step) => String(step.key))
    throw located(file, positionOf(program, path), `${path.join('.')}: ${explain(issue)}`)
  }
  const { repository, profile } = result.output
  const profiles = Object.entries(profile).map(([name, table]): Profile => {
    const place = table.repository ?? repository
    if (place === undefined) {
      const position = positionOf(program, ['profile', name])
      throw located(file, position, `profile.${name} has no repository, and there is no default`)
    }
    const stray = strayAccessKey(table)
    if (stray !== undefined) {
      const position = positionOf(program, ['profile', name, stray.key])
      throw located(file, position, `profile.${name}.${stray.key}: ${stray.objection}`)
    }
    const access = accessOf(table, (path) => expandHome(path, homeDirectory))
    const { wait: waitMs, stall_timeout: stallMs, keep, prune } = table
    return {
      name,
      source: expandHome(table.source, homeDirectory),
      repository: expandHome(place, homeDirectory),
      exclude: table.exclude,
      ...(waitMs === undefined ? {} : { waitMs }),
      ...profileSettings(table),
      ...(stallMs === undefined ? {} : { stallMs }),
      ...(access === undefined ? {} : { access }),
      ...(keep === undefined ? {} : { keep }),
      ...(prune === undefined ? {} : { prune }),
    }
  })
  if (profiles.length === 0) {
    throw located(file, { line: 1, column: 0 }, 'there is no [profile.NAME] table')
  }
  return { file, profiles }
}

/**
 * A key such as `__proto__` or `constructor`: the evaluation of the parser would follow it out of the
 * configuration and change every object of the program.
 */
function firstInheritedKey(node: AST.TOMLNode): AST.TOMLNode | undefined {
  switch (node.type) {
    case 'Program':
    case 'TOMLTopLevelTable':
    case 'TOMLInlineTable':
      return firstOf(node.body)
    case 'TOMLTable':
      return firstOf([node.key, ...node.body])
    case 'TOMLKeyValue':
      return firstOf([node.key, node.value])
    case 'TOMLArray':
      return firstOf(node.elements)
    case 'TOMLKey':
      return firstOf(node.keys)
    case 'TOMLBare':
      return node.name in Object.prototype ? node : undefined
    case 'TOMLQuoted':
      return node.value in Object.prototype ? node : undefined
    case 'TOMLValue':
      return undefined
  }
}

function firstOf(nodes: readonly AST.TOMLNode[]): AST.TOMLNode | undefined {
  for (const node of nodes) {
    const found = firstInheritedKey(node)
    if (found !== undefined) return found
  }
  return undefined
}

/** `~` and `~/x` with the home directory put in; other paths as they are, without a trailing slash. */
function expandHome(path: string, homeDirectory: string): string {
  const expanded =
    path === '~' ? homeDirectory : path.startsWith('~/') ? homeDirectory + path.slice(1) : path
  return expanded.length > 1 ? expanded.replace(/\/+$/u, '') || '/' : expanded
}

function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'unknown key'
  if (issue.received === 'undefined') return 'is missing'
  return issue.type === 'check' || issue.type === 'raw_transform'
    ? issue.message
    : `expected ${issue.expected ?? 'something else'}`
}

interface Position {
  readonly line: number
  /** Counted from 0, as the parser does. */
  readonly column: number
}

function located(file: string, position: Position, message: string): SnapfsError {
  return new SnapfsError(
    'USAGE',
    `${file}:${position.line}:${position.column + 1}: ${message.replace(/\.$/u, '')}`,
    { hint: 'Correct the configuration file; nothing was done.' },
  )
}

/** Where a key stands in the text: its table, its line in the table, or the nearest thing above. */
function positionOf(program: AST.TOMLProgram, path: readonly string[]): Position {
  let best: Position = { line: 1, column: 0 }
  let bestLength = 0
  const consider = (keys: readonly string[], node: { loc: AST.SourceLocation }): void => {
    const matches = keys.length <= path.length && keys.every((key, index) => key === path[index])
    if (matches && keys.length > bestLength) {
      best = node.loc.start
      bestLength = keys.length
    }
  }
  const keysOf = (key: AST.TOMLKey): string[] =>
    key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value))
  const visit = (body: readonly AST.TOMLNode[], prefix: readonly string[]): void => {
    for (const node of body) {
      if (node.type === 'TOMLTable') {
        const keys = node.resolvedKey.map(String)
        consider(keys, node)
        visit(node.body, keys)
      } else if (node.type === 'TOMLKeyValue') {
        const keys = [...prefix, ...keysOf(node.key)]
        consider(keys, node)
        if (node.value.type === 'TOMLInlineTable') visit(node.value.body, keys)
        if (node.value.type === 'TOMLArray') {
          node.value.elements.forEach((element, index) =>
            consider([...keys, String(index)], element),
          )
        }
      }
    }
  }
  for (const table of program.body) visit(table.body, [])
  return best
}
