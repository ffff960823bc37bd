import { describe, expect, test } from 'vitest'
import { parseDiskStat, parseWrittenPages, splitDevice } from '../../../src/watch/disk-events.ts'

describe('the device of a file', () => {
  test.each([
    [65_024, 254, 0],
    [21, 0, 21],
    [0x8_11, 8, 17],
    // As makedev(3) of the C library has it.
    [0x10_3_01, 259, 1],
    [0x12_34_5f_ff_67, 0xfff, 0x1_23_45_67 & 0xf_ff_ff],
  ])('%i is %i:%i', (device, major, minor) => {
    expect(splitDevice(device)).toEqual({ major, minor })
  })
})

describe('what a disk has completed', () => {
  test('is the sum of reads, writes, discards and flushes', () => {
    const stat = '  10 1 80 3  20 2 160 4  0 5 9  30 3 240 6  40 7\n'
    expect(parseDiskStat(stat)).toBe(100)
  })

  test('is told by older kernels without discards and flushes', () => {
    expect(parseDiskStat('10 1 80 3 20 2 160 4 0 5 9')).toBe(30)
  })

  test('is unknown without a line', () => {
    expect(parseDiskStat('')).toBeUndefined()
  })

  test('is told by the pages the machine has written where no disk can be asked', () => {
    const machine = (pages: number) => `nr_dirty 5\nnr_written ${pages}\nnr_written_x 9\n`
    expect(parseWrittenPages(machine(1024))).toBe(4)
    // A log of some other program.
    expect(parseWrittenPages(machine(1040))).toBe(4)
    expect(parseWrittenPages('nr_dirty 5\n')).toBeUndefined()
  })
})
