import { chmodSync, lstatSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileRules } from '../../../src/filter/compile-rules.ts'
import { DEFAULT_LEAVE_OUT } from '../../../src/model/leave-out.ts'
import { bytePathFromText } from '../../../src/model/entry-name.ts'
import type { DirectoryTrail } from '../../../src/scan/directory-trail.ts'
import { type Proof, type ProofRequest, proveUnchanged } from '../../../src/scan/prove-unchanged.ts'
import type { StateHeader } from '../../../src/scan/source-state.ts'
import { StateWriter } from '../../../src/scan/state-writer.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
/** So late that everything is settled, and no ctime is younger. */
const LATE_MS = Date.parse('2100-01-01T00:00:00Z')
const MOUNTS = [{ mountpoint: '/', type: 'ext4', source: '/dev/x' }]
let source = ''
let tree = ''

beforeEach(() => {
  source = `${directory()}/source`
  tree = `${directory()}/tree`
  for (const root of [source, tree]) mkdirSync(`${root}/below`, { recursive: true })
})

/** What a scan of the two directories would have remembered. */
function remember(changes: Partial<StateHeader> = {}, trail: Partial<DirectoryTrail> = {}) {
  const writer = new StateWriter()
  for (const path of ['', 'below']) {
    const status = lstatSync(`${source}/${path}`, { bigint: true })
    writer.addDirectory(path, [], { status, device: 0 })
  }
  const number = String(lstatSync(source, { bigint: true }).dev)
  const newestNs = String(BigInt(LATE_MS - 60_000) * 1_000_000n)
  return writer.read({
    ...{ snapshot: 'id', startedAt: 'then', machineId: 'm', bootId: 'b', fidelity: '' },
    scannedMs: LATE_MS,
    devices: [{ number, identity: 'ext4 /dev/x ' }],
    missing: [],
    directories: { ...writer.directories.trail(), newestNs, ...trail },
    ...changes,
  })
}

function prove(
  state: ReturnType<typeof remember>,
  changes: Partial<ProofRequest> = {},
): Promise<Proof | undefined> {
  return proveUnchanged({
    source: bytePathFromText(source),
    mounts: MOUNTS,
    remembered: { tree: bytePathFromText(tree), state },
    // The tree was not filled from the source, so times and modes say nothing of it.
    keeps: { nanoseconds: false, modes: false, owners: false },
    ...{ machineId: 'm', bootId: 'b', bases: [], compareBy: 'state', nowMs: LATE_MS },
    skipped: new Set(),
    match: compileRules([]),
    leaveOut: DEFAULT_LEAVE_OUT,
    isRepositoryMarker: () => false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  })
}

describe('a source of directories alone', () => {
  test('is unchanged when all of them are what they were', async () => {
    expect(await prove(remember())).toMatchObject({ counts: { entries: 2, directories: 2 } })
  })

  test.each<[string, () => void]>([
    ['one has another mode', () => chmodSync(`${source}/below`, 0o711)],
    ['one is new', () => mkdirSync(`${source}/new`)],
    ['one is gone', () => rmdirSync(`${source}/below`)],
    ['a file is new', () => writeFileSync(`${source}/below/new`, '')],
  ])('is not when %s, although the clock was set back before', async (_what, change) => {
    const state = remember()
    change()
    expect(await prove(state)).toBeUndefined()
  })

  test.each<[string, Partial<StateHeader>, Partial<DirectoryTrail>]>([
    ['an older snapfs remembered nothing of directories', { directories: undefined }, {}],
    ['something was not stored', { missing: ['below/x'] }, {}],
    ['it is that of another machine', { machineId: 'other' }, {}],
    ['it lies on another disk', { devices: [{ number: '0', identity: 'ext4 /dev/y ' }] }, {}],
    ['it lay on one disk more', { devices: [] }, {}],
    ['one changed in the seconds before', {}, { newestNs: `${LATE_MS - 1000}000000` }],
    ['one is younger than all were', {}, { newestNs: '0' }],
    ['the digest is another', {}, { digest: '' }],
  ])('is not proven to be so when %s', async (_what, header, trail) => {
    expect(await prove(remember(header, trail))).toBeUndefined()
  })

  test('is not on a file system whose ctimes prove nothing', async () => {
    const mounts = [{ mountpoint: '/', type: 'nfs4', source: '/dev/x' }]
    const devices = [{ number: String(lstatSync(source).dev), identity: 'nfs4 /dev/x ' }]
    expect(await prove(remember({ devices }), { mounts })).toBeUndefined()
  })
})
