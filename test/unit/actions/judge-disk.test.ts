import { describe, expect, test } from 'vitest'
import { diskError, diskSentence, findDiskChange } from '../../../src/actions/judge-disk.ts'
import type { SourceDisk } from '../../../src/model/manifest.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { parseSnapshotId } from '../../../src/model/snapshot-id.ts'
import { manifestFor } from '../../support/described-history.ts'

const DISK: SourceDisk = {
  mountpoint: '/mnt/disk',
  type: 'ext4',
  mounted: '/dev/sdb1',
  root: '2 1111',
  directory: '77 1234',
}
const BELOW: SourceDisk = {
  mountpoint: '/',
  type: 'ext4',
  mounted: '/dev/sda1',
  root: '2 9999',
  directory: '500 9998',
}
const SOURCE = '/mnt/disk/data'

function snapshotOf(device: SourceDisk | undefined, realPath = SOURCE, sequence = 1): Snapshot {
  const id = `2026-11-2${sequence}T08-00-00Z`
  const source = {
    ...{ path: '/data', realPath, host: 'example' },
    ...(device === undefined ? {} : { device }),
  }
  return { id: parseSnapshotId(id)!, sequence, manifest: manifestFor(id, sequence, { source }) }
}

function judge(past: SourceDisk | undefined, now: SourceDisk | undefined): string | undefined {
  return findDiskChange(SOURCE, now, [snapshotOf(past)])?.what
}

/** Without what the keys name. */
function without(disk: SourceDisk, ...keys: readonly ('root' | 'directory')[]): SourceDisk {
  return Object.fromEntries(
    Object.entries(disk).filter(([key]) => !keys.some((known) => known === key)),
  ) as unknown as SourceDisk
}

describe('the disk of a source', () => {
  const nfs = { mountpoint: '/mnt/disk', type: 'nfs4', mounted: 'server:/x' }
  const subvolume = { ...without(DISK, 'root'), type: 'btrfs', mounted: '/dev/sda1' }
  const reached = { ...subvolume, mountpoint: '/' }

  test.each([
    ['that is as it was', DISK, DISK, undefined],
    ['that has another name after a reboot', DISK, { ...DISK, mounted: '/dev/sdc1' }, undefined],
    ['that is not mounted', DISK, BELOW, 'not mounted'],
    ['that is another in its place', DISK, { ...DISK, root: '2 2222' }, 'another'],
    ['of which a copy was made by blocks', DISK, { ...DISK, directory: '77 1234' }, undefined],
    ['in which the source was made anew', DISK, { ...DISK, directory: '78 5678' }, undefined],
    ['whose root says nothing', without(DISK, 'root'), { ...DISK, root: '2 2' }, undefined],
    ['whose root says nothing now', DISK, without(DISK, 'root'), undefined],
    ['that was that of the machine', BELOW, { ...BELOW, root: '2 1' }, undefined],
    ['that is new above the one before', BELOW, DISK, undefined],
    ['of another machine that is not mounted', nfs, BELOW, 'not mounted'],
    ['of another machine', nfs, { ...nfs, mounted: 'other:/x' }, undefined],
    ['that is a subvolume, reached from above as well', subvolume, reached, undefined],
    [
      'that is a subvolume, and is not mounted',
      subvolume,
      { ...reached, directory: '500 9998' },
      'not mounted',
    ],
    [
      'of which nothing but the kind is known',
      without(subvolume, 'directory'),
      without(reached, 'directory'),
      undefined,
    ],
    ['that cannot be told now', DISK, undefined, undefined],
    ['of which an old manifest says nothing', undefined, BELOW, undefined],
    ['mounted elsewhere', DISK, { ...DISK, mountpoint: '/mnt/other' }, undefined],
  ] as const)('%s is judged', (_words, past, now, what) => {
    expect(judge(past, now)).toBe(what)
  })

  test('is that of the newest snapshot that tells, and of this path alone', () => {
    const snapshots = [snapshotOf(BELOW), snapshotOf(DISK, SOURCE, 2)]
    expect(findDiskChange(SOURCE, BELOW, snapshots)?.snapshot).toBe(snapshots[1])
    const silent = [...snapshots, snapshotOf(undefined, SOURCE, 3)]
    expect(findDiskChange(SOURCE, BELOW, silent)?.snapshot).toBe(snapshots[1])
    expect(findDiskChange('/mnt/disk/other', BELOW, snapshots)).toBeUndefined()
    expect(findDiskChange(SOURCE, BELOW, [])).toBeUndefined()
  })

  test('is named, with the way on', () => {
    const gone = findDiskChange(SOURCE, BELOW, [snapshotOf(DISK)])!
    expect(diskSentence(SOURCE, gone)).toBe(
      'The source /mnt/disk/data lay on what was mounted on /mnt/disk (/dev/sdb1, ext4) at its last snapshot 2026-11-21T08-00-00Z, and that is not mounted now.',
    )
    expect(diskError(SOURCE, gone).hint).toMatch(/Mount it.*--accept-shrink/u)
    const other = findDiskChange(SOURCE, { ...DISK, root: '2 2' }, [snapshotOf(DISK)])!
    expect(diskSentence(SOURCE, other)).toMatch(/on another file system than .* \/mnt\/disk was/u)
    expect(diskError(SOURCE, other).hint).toMatch(/right disk.*--accept-shrink/u)
  })
})
