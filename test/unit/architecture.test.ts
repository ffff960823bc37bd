import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PROJECT, readSource, roomOfImport, type SourceFile } from '../support/read-source.ts'

/**
 * Which room may import which; the same table stands in native-notes/ARCHITECTURE.md. Changing it is a
 * decision, to be written down in native-notes/decisions/.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  start: ['cli', 'main', 'model', 'watch'],
  main: ['actions', 'cli', 'errors', 'fuse', 'model'],
  index: ['catalog', 'errors', 'model'],
  errors: [],
  model: ['errors'],
  config: ['errors', 'model'],
  filter: ['errors', 'model'],
  watch: ['errors', 'model'],
  rsync: ['errors', 'filter', 'model', 'watch'],
  scan: ['errors', 'filter', 'model'],
  repository: ['errors', 'model'],
  retention: ['errors', 'model'],
  space: ['errors', 'model'],
  catalog: ['errors', 'model', 'repository'],
  view: ['catalog', 'errors', 'model'],
  fuse: ['catalog', 'errors', 'model', 'view'],
  desktop: ['errors', 'model'],
  actions: [
    'catalog',
    'config',
    'desktop',
    'errors',
    'filter',
    'fuse',
    'model',
    'repository',
    'retention',
    'rsync',
    'scan',
    'space',
    'view',
  ],
  cli: ['actions', 'config', 'desktop', 'errors', 'fuse', 'model', 'retention', 'view'],
}

interface Ban {
  readonly what: string
  readonly pattern: RegExp
  readonly allowedIn: (file: SourceFile) => boolean
  readonly instead: string
}

const BANS: readonly Ban[] = [
  {
    what: 'starts a child process',
    pattern: /from '(?:execa|node:child_process)'/u,
    allowedIn: ({ path }) =>
      [
        'rsync/run-rsync.ts',
        'repository/sync-file-system.ts',
        'repository/set-time.ts',
        'fuse/run-unmount.ts',
        'fuse/probe-mount.ts',
        'fuse/find-drivers.ts',
        'fuse/kernel/attach.ts',
        'actions/mount-in-background.ts',
        'watch/watch-engine.ts',
        'scan/list-nodump.ts',
        'desktop/start-file-manager.ts',
      ].includes(path),
    instead: 'use one of the places that do: their number is kept small on purpose',
  },
  {
    what: 'loads a FUSE binding',
    pattern: /(?:from |import\()'fuse-native'/u,
    allowedIn: ({ path }) => path.startsWith('fuse/fuse-native/'),
    instead: 'only a driver knows what speaks FUSE',
  },
  {
    what: 'calls the C library',
    pattern: /(?:from |import\()'koffi'/u,
    allowedIn: ({ path }) => path === 'fuse/kernel/system-library.ts',
    instead: 'fuse/kernel/system-library.ts does, where it is installed',
  },
  {
    what: 'loads an optional package when it is itself loaded',
    pattern: /^import (?!type)[^\n]*'(?:fuse-native|koffi)'/mu,
    allowedIn: () => false,
    instead: 'import() it inside the driver: backups work where it is not installed',
  },
  {
    what: 'asks the clock',
    pattern:
      /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.hrtime|Temporal\.Now|resolvedOptions/u,
    allowedIn: ({ path }) =>
      ['main.ts', 'fuse/kernel/serving-thread.ts', 'fuse/kernel/pushing-thread.ts'].includes(path),
    instead: 'take World.clock as an argument; only a thread of its own cannot',
  },
  {
    what: 'reads the environment, the command line or the user',
    pattern: /\bprocess\.(?:env|argv|getuid|getgid|stdout|stderr|on)\b|from 'node:os'/u,
    allowedIn: ({ path }) =>
      ['start.ts', 'main.ts', 'fuse/errno.ts', 'repository/remove-worker.ts'].includes(path),
    instead: 'take it as an argument; main.ts passes it down',
  },
  {
    what: 'ends the process',
    pattern: /\bprocess\.exit\b/u,
    allowedIn: ({ path }) => ['start.ts', 'main.ts'].includes(path),
    instead: 'throw a SnapfsError; its code becomes the exit code',
  },
  {
    what: 'writes to the console',
    pattern: /\bconsole\./u,
    allowedIn: () => false,
    instead: 'return a report; cli/ renders it',
  },
  {
    what: 'blocks on the file system',
    pattern: /\b(?:[a-z]+)Sync\(/u,
    allowedIn: ({ room, path }) =>
      ['catalog', 'scan'].includes(room) ||
      [
        'start.ts',
        'main.ts',
        'space/walk-snapshot.ts',
        'repository/fill-tree.ts',
        'repository/empty-directory.ts',
        'repository/link-block.ts',
        'fuse/kernel/answer-for-pusher.ts',
        'fuse/kernel/attach.ts',
        'fuse/kernel/pushing-thread.ts',
        'fuse/kernel/read-pushed.ts',
        'fuse/kernel/serving-thread.ts',
        'fuse/kernel/telling-thread.ts',
      ].includes(path),
    instead: 'use node:fs/promises',
  },
  {
    what: 'makes directories recursively',
    pattern: /\bmkdir(?:Sync)?\((?:(?!\brm\b)[\s\S]){0,200}?recursive: true/u,
    allowedIn: ({ path }) => path === 'config/write-config.ts',
    instead: 'Node would report a full quota as ENOENT; use makeDirectory or TreeDirectories',
  },
  {
    what: 'names an errno by number',
    pattern: /\bconstants\.errno\b/u,
    allowedIn: ({ path }) => path === 'fuse/errno.ts',
    instead: 'fuse/errno.ts has them',
  },
  {
    what: 'uses a default export, an enum or a namespace',
    pattern: /^export default|^(?:export )?(?:const )?enum |^(?:export )?namespace /mu,
    allowedIn: () => false,
    instead: 'export by name; use a union of literals',
  },
  {
    what: 're-exports',
    pattern: /^export (?:\{[^}]*\}|\*) from/mu,
    allowedIn: ({ path }) => path === 'index.ts',
    instead: 'import from where it is defined',
  },
]

const DUMPING_GROUND = /(?:^|\/)(?:utils?|helpers?|manager|common|misc|base|service)(?:\.ts|\/)/u
const LINES_LIMIT = 300

const files = readSource()

describe('the architecture', () => {
  test('has a rule for every room', () => {
    expect([...new Set(files.map(({ room }) => room))].sort()).toEqual(
      Object.keys(MAY_IMPORT).sort(),
    )
  })

  test.each(files)('lets $path import what its room may', (file) => {
    const foreign = file.imports
      .map((specifier) => roomOfImport(file, specifier))
      .filter((room) => room !== undefined && room !== file.room)
      .filter((room) => !MAY_IMPORT[file.room]!.includes(room!))
    expect(foreign).toEqual([])
  })

  test('reads only names and places from the repository room, below the actions', () => {
    const offenders = files
      .filter(({ room }) => room === 'catalog')
      .flatMap(({ path, imports }) =>
        imports
          .filter((specifier) => specifier.includes('/repository/'))
          .filter((specifier) => !specifier.endsWith('/layout.ts'))
          .map((specifier) => `${path} imports ${specifier}`),
      )
    expect(offenders).toEqual([])
  })

  test.each(BANS)('keeps to one place what $what', ({ pattern, allowedIn, instead }) => {
    const offenders = files.filter((file) => !allowedIn(file) && pattern.test(file.text))
    expect(offenders.map(({ path }) => `${path}: ${instead}`)).toEqual([])
  })

  test('has no file for everything', () => {
    expect(files.filter(({ path }) => DUMPING_GROUND.test(path)).map(({ path }) => path)).toEqual(
      [],
    )
  })

  test('has no file too long to read in one sitting', () => {
    const long = files.filter(({ text }) => text.split('\n').length > LINES_LIMIT)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test('is what native-notes/ARCHITECTURE.md says', () => {
    const text = readFileSync(`${PROJECT}/native-notes/ARCHITECTURE.md`, 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z]+)(?:\.ts)?\/?` \|[^|]*\| ([^|]*) \|$/gmu)]
    const table = Object.fromEntries(
      rows.map(([, room, imports]) => [
        room!,
        [...imports!.matchAll(/`([a-z]+)`/gu)].map((match) => match[1]!).sort(),
      ]),
    )
    expect(table).toEqual(MAY_IMPORT)
  })
})
