import { describe, expect, test } from 'vitest'
import { spellOutMount } from '../../../src/cli/mount-helper.ts'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'

describe('a command line of mount(8)', () => {
  test('is one of snapfs mount', () => {
    expect(spellOutMount(['/r', '/m', '-o', 'rw'])).toEqual([
      ...['mount', '--repository=/r', '--', '/m'],
    ])
    const options =
      'rw,profile=home,date_format=%Y/%m/%d_%H-%M-%S,allow_other,driver=kernel,passthrough'
    expect(spellOutMount(['/r', '/m', '-o', options])).toEqual([
      ...['mount', '--repository=/r', '--profile=home', '--date-format=%Y/%m/%d_%H-%M-%S'],
      ...['--allow-other', '--driver=kernel', '--passthrough', '--', '/m'],
    ])
  })

  test('may say what is for others, and several lists of options', () => {
    const others =
      'noauto,user,user=anna,nofail,_netdev,x-systemd.automount,x-gvfs-show,comment=a=b'
    const words = ['/r', '-o', others, '-n', '/m', '-o', 'profile=a=b']
    expect(spellOutMount(words)).toEqual(['mount', '--repository=/r', '--profile=a=b', '--', '/m'])
  })

  test('is not what does not begin with a path', () => {
    for (const words of [[], ['mount', '/m'], ['list'], ['--help'], ['r', '/m', '-o', 'rw']]) {
      expect(spellOutMount(words)).toBe(words)
    }
  })

  test('is refused when it says something else', () => {
    for (const words of [
      ['/r'],
      ['/r', '/m', '/x'],
      ['/r', '/m', '-o', 'nonsense'],
      ['/r', '/m', '-o', 'profile'],
      ['/r', '/m', '-o', 'allow_other=1'],
    ]) {
      expect(() => spellOutMount(words), words.join(' ')).toThrow(SnapfsError)
    }
  })
})
