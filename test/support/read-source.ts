/** Our own source as text, for the tests that hold it to its architecture. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceFile {
  /** Below `src/`, such as `view/by-date.ts`. */
  readonly path: string
  /** The first folder below `src/`, or the name of a file that lies there itself. */
  readonly room: string
  readonly text: string
  /** What it imports, statically or not: `../model/entry.ts`, `node:fs`, `execa`. */
  readonly imports: readonly string[]
}

export function readSource(): readonly SourceFile[] {
  return readdirSync(`${PROJECT}/src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => {
      const text = readFileSync(`${PROJECT}/src/${path}`, 'utf8')
      const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/gu)].map(
        (match) => match[1]!,
      )
      return { path, room: path.split('/')[0]!.replace(/\.ts$/u, ''), text, imports }
    })
}

/** The room a relative import leads to, or undefined for a package. */
export function roomOfImport(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const url = new URL(specifier, `file:///src/${file.path}`)
  return url.pathname.split('/')[2]!.replace(/\.ts$/u, '')
}
