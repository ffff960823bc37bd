import { describe, expect, test } from 'vitest'
import { isSameDevice, SourceDevices } from '../../../src/scan/source-devices.ts'

const MOUNTS = [
  { mountpoint: '/', type: 'ext4', source: '/dev/a' },
  { mountpoint: '/home', type: 'xfs', source: '/dev/b' },
  { mountpoint: '/home/anna/net', type: 'nfs4', source: 'server:/x' },
  { mountpoint: '/homework', type: 'vfat', source: '/dev/c' },
]

describe('the file systems of a source', () => {
  test('are known by their mounts, and trusted by their type', () => {
    const devices = new SourceDevices('/home/anna', MOUNTS)
    const home = devices.indexOf(7n, '')
    const net = devices.indexOf(8n, 'net')
    expect(devices.indexOf(7n, 'deep/down')).toBe(home)
    expect(devices.at(home)).toEqual({ number: '7', identity: 'xfs /dev/b ', isStable: true })
    expect(devices.at(net)).toEqual({
      number: '8',
      identity: 'nfs4 server:/x net',
      isStable: false,
    })
    expect(devices.all()).toHaveLength(2)
  })

  test('are found at the root, and not in a name that only begins alike', () => {
    expect(new SourceDevices('/homework/x', MOUNTS).indexOf(1n, '')).toBe(0)
    const root = new SourceDevices('/', MOUNTS)
    expect(root.at(root.indexOf(1n, ''))?.identity).toBe('ext4 /dev/a ')
    expect(root.at(root.indexOf(2n, 'home/anna'))?.identity).toBe('xfs /dev/b home/anna')
    const unknown = new SourceDevices('/x', [])
    expect(unknown.at(unknown.indexOf(1n, ''))?.isStable).toBe(false)
  })

  const past = { number: '7', identity: 'xfs /dev/b ' }
  test.each([
    ['the same', past, 'same boot', true],
    ['another number in the same boot', { ...past, number: '8' }, 'same boot', false],
    ['another number after a boot', { ...past, number: '8' }, 'another boot', true],
    ['another disk', { ...past, identity: 'xfs /dev/c ' }, 'another boot', false],
    ['none', undefined, 'same boot', false],
  ] as const)('are recognised again: %s', (_words, now, boot, same) => {
    expect(isSameDevice(past, now, boot)).toBe(same)
  })
})
