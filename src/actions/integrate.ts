/**
 * `snapfs integrate`: an entry in the menu of a file manager, and its removal. What is not snapfs's own is never written over, and
 * in a file that is shared only its own part is.
 */
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { type FileManager, MARK, menuFilesOf } from '../desktop/menu-files.ts'
import { withoutVersionsAction, withVersionsAction } from '../desktop/thunar-actions.ts'
import { makeDirectoriesAbove } from '../repository/make-directory.ts'

export interface IntegrateRequest {
  readonly fileManager: FileManager
  /** What starts snapfs, absolute. */
  readonly program: string
  readonly do: 'install' | 'remove'
  /** The directories of the XDG base directory specification. */
  readonly dataHome: string
  readonly configHome: string
  readonly systemConfigDirectories: readonly string[]
}

export interface IntegrateReport {
  /** Absolute paths of what was written or removed; of nothing when all was as asked for. */
  readonly changed: readonly string[]
}

/** The longest that is read: a thousand actions of a user are far less. */
const FILE_LIMIT_BYTES = 1024 * 1024
const PLAIN_MODE = 0o644
const EXECUTABLE_MODE = 0o755

/** @throws SnapfsError USAGE when a file is somebody else's, or cannot be written */
export async function integrate(request: IntegrateRequest): Promise<IntegrateReport> {
  const { fileManager, program, dataHome } = request
  if (fileManager === 'thunar') return integrateThunar(request)
  const files = menuFilesOf(fileManager, program).map(({ place, ...file }) => ({
    ...file,
    path: `${dataHome}/${place}`,
  }))
  const known = await Promise.all(files.map(({ path }) => readIfThere(path)))
  const foreign = files.find((_file, index) => known[index]?.includes(MARK) === false)
  if (foreign !== undefined && request.do === 'install') {
    throw new SnapfsError('USAGE', `${foreign.path} was not made by snapfs.`, {
      hint: 'It was left as it is. Move it away, and try again.',
    })
  }
  const changed: string[] = []
  for (const [index, { path, text, isExecutable }] of files.entries()) {
    const mode = isExecutable ? EXECUTABLE_MODE : PLAIN_MODE
    if (request.do === 'install') {
      if (known[index] === text && (await hasMode(path, mode))) continue
      await write(path, text, mode)
    } else {
      if (known[index]?.includes(MARK) !== true) continue
      await removing(path)
    }
    changed.push(path)
  }
  return { changed }
}

/** Without a file of the user's, Thunar shows the system's actions; with one, it shows that alone. */
async function integrateThunar(request: IntegrateRequest): Promise<IntegrateReport> {
  const path = `${request.configHome}/Thunar/uca.xml`
  const known = await readIfThere(path)
  const usual = await firstOf(
    request.systemConfigDirectories.map((directory) => `${directory}/Thunar/uca.xml`),
  )
  const next =
    request.do === 'install'
      ? withVersionsAction(known ?? usual, request.program)
      : known === undefined
        ? known
        : withoutVersionsAction(known)
  if (next === undefined) {
    if (known === undefined && request.do === 'remove') return { changed: [] }
    throw new SnapfsError('USAGE', `${path} does not hold Thunar's actions.`, {
      hint: 'It was left as it is. Open Edit, Configure custom actions in Thunar, and try again.',
    })
  }
  if (next === known) return { changed: [] }
  // Then there was none before.
  const isUsual = request.do === 'remove' && next === usual
  if (isUsual) await removing(path)
  else await write(path, next, undefined)
  return { changed: [path] }
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readIfThere(path)
    if (text !== undefined) return text
  }
  return undefined
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const status = await stat(path)
    if (status.isFile() && status.size <= FILE_LIMIT_BYTES) {
      const content = await readFile(path)
      // What is none would not be written back as it was.
      if (isUtf8(content)) return content.toString('utf8')
    }
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw failed(path, 'read', error)
  }
  throw new SnapfsError('USAGE', `${path} is not a text of a usual size; it was left as it is.`)
}

async function hasMode(path: string, mode: number): Promise<boolean> {
  return ((await stat(path)).mode & 0o777) === mode
}

/**
 * Whole or not at all. A symbolic link to it stays one, as in a directory of dot files that is kept elsewhere.
 * @param mode undefined: as it is, or that of any file
 */
async function write(path: string, text: string, mode: number | undefined): Promise<void> {
  try {
    await makeDirectoriesAbove(path)
    const target = await realpath(path).catch(() => path)
    const keptMode = await stat(target).then(
      (status) => status.mode & 0o777,
      () => PLAIN_MODE,
    )
    const draft = `${target}.${randomUUID()}`
    await using file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.chmod(mode ?? keptMode)
      await file.sync()
      await rename(draft, target)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  } catch (error) {
    throw failed(path, 'written', error)
  }
}

async function removing(path: string): Promise<void> {
  try {
    await rm(path)
  } catch (error) {
    throw failed(path, 'removed', error)
  }
}

function failed(path: string, what: string, error: unknown): SnapfsError {
  return new SnapfsError('USAGE', `${path} could not be ${what}: ${messageOf(error)}.`, {
    cause: error,
  })
}
