/**
 * The source of the torture: some sixty entries with everything a tree can hold, in three states, and an
 * edit that comes between an interrupted run and the next one. Needs root (owners, a device).
 */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'

const MIB = 1024 * 1024
/** So large that rsync is in the middle of it at some points. */
const LARGE_BYTES = 5 * MIB
const SPARSE_BYTES = 3 * MIB

/** Names as bytes, one character each: what people, programs and attackers have in their trees. */
const ODD_NAMES = [
  'line\nbreak',
  ' spaces  at both ends ',
  'tab\there',
  'caf\xe9',
  '\xff\xfe\x80',
  'na\xc3\xafve',
  '-rf',
  '#comment',
  ';comment',
  '*?[a-z]',
  String.raw`back\slash`,
  '"quoted\'',
  'escape\x1b[2J',
  `long-${'x'.repeat(240)}`,
]

/** @typedef {import('./random.mjs').Random} Random */

/**
 * @param {string} root is made
 * @param {Random} random
 */
export function makeSource(root, random) {
  const at = (/** @type {string} */ path) => Buffer.from(`${root}/${path}`, 'latin1')
  for (const path of ['', 'docs', 'docs/deep', 'docs/deep/er', 'odd', 'links', 'readonly', 'acl']) {
    mkdirSync(at(path))
  }
  for (let index = 0; index < 8; index += 1) {
    writeFileSync(at(`docs/note-${index}`), `note ${index} as it was first\n`)
    writeFileSync(at(`docs/deep/er/leaf-${index}`), random.bytes(200 + random.below(3000)))
  }
  for (const name of ODD_NAMES) writeFileSync(at(`odd/${name}`), `content of ${name.length}\n`)
  writeFileSync(at('empty'), '')
  mkdirSync(at('empty-directory'))
  writeFileSync(at('large'), random.bytes(LARGE_BYTES))
  writeFileSync(at('sparse'), 'begin')
  truncateSync(at('sparse'), SPARSE_BYTES)
  appendFileSync(at('sparse'), 'end')
  makeLinks(at)
  makeAttributes(root, at)
  writeFileSync(at('readonly/kept'), 'kept\n', { mode: 0o444 })
  mkdirSync(at('readonly/below'), { mode: 0o555 })
  chmodSync(at('readonly'), 0o555)
  touch(root, '@1234567890.123456789', 'docs/note-7')
  touch(root, '@0.999999999', 'docs/deep/er/leaf-7')
  touch(root, '@4102444800.000000001', 'docs/deep')
}

/** @typedef {(path: string) => Buffer} At */

function makeLinks(/** @type {At} */ at) {
  writeFileSync(at('links/first'), 'a group of three\n')
  linkSync(at('links/first'), at('links/second'))
  linkSync(at('links/first'), at('docs/third'))
  linkSync(at('docs/note-1'), at('links/pair'))
  symlinkSync('../docs/note-0', at('links/relative'))
  symlinkSync('/etc/hostname', at('links/absolute'))
  symlinkSync('nowhere/at all', at('links/dangling'))
  symlinkSync('.', at('links/loop'))
  symlinkSync('deep', at('docs/to-directory'))
}

/**
 * @param {string} root
 * @param {At} at
 */
function makeAttributes(root, at) {
  const run = (/** @type {string} */ program, /** @type {string[]} */ ...words) =>
    execFileSync(program, words, { cwd: root })
  for (const name of ['access', 'default', 'plain']) writeFileSync(at(`acl/${name}`), `${name}\n`)
  run('setfacl', '-m', 'u:1:r,g:2:rw', 'acl/access')
  run('setfacl', '-d', '-m', 'u:1:rwx', 'acl')
  run('setfattr', '-n', 'user.colour', '-v', 'blue', 'acl/plain', 'links/first', 'docs')
  run('setfattr', '-n', 'user.zero', '-v', '0x00ff', 'docs/note-2')
  run('mkfifo', 'pipe')
  run('mknod', 'device', 'c', '1', '3')
  writeFileSync(at('setuid'), '#!/bin/sh\n')
  run('chown', '1234:4321', 'setuid', 'docs/note-3', 'docs/deep/er')
  run('chown', '-h', '1234:4321', 'links/dangling')
  chmodSync(at('setuid'), 0o4755)
  chmodSync(at('docs/deep/er'), 0o2770)
  chmodSync(at('docs/note-4'), 0o000)
}

/**
 * From the first state to the second, or from the second to the third.
 * @param {string} root
 * @param {1 | 2} state
 * @param {Random} random
 */
export function changeSource(root, state, random) {
  const at = (/** @type {string} */ path) => Buffer.from(`${root}/${path}`, 'latin1')
  appendFileSync(at('docs/note-0'), `line ${state}\n`)
  rewriteUnseen(root, 'docs/note-5', `note 5 in its state ${state} \n`)
  writeFileSync(at(`docs/new-${state}`), random.bytes(5000))
  if (state === 1) {
    chmodSync(at('docs/note-3'), 0o640)
    renameSync(at('docs/deep/er/leaf-0'), at('docs/deep/er/leaf-renamed'))
    writeFileSync(at('docs/deep/er/leaf-1'), random.bytes(100))
    unlinkSync(at('odd/#comment'))
    execFileSync('setfattr', ['-n', 'user.colour', '-v', 'red', 'acl/plain'], { cwd: root })
    return
  }
  writeFileSync(at('large'), random.bytes(LARGE_BYTES))
  rewriteUnseen(root, 'docs/deep/er/leaf-2', undefined)
  writeFileSync(at('links/first'), 'a group of three, changed\n')
  unlinkSync(at('odd/;comment'))
  mkdirSync(at('odd/;comment'))
  writeFileSync(at('odd/;comment/inside'), 'a directory where a file was\n')
  rmSync(at('empty-directory'), { recursive: true })
  symlinkSync('docs', at('empty-directory'))
  unlinkSync(at('links/loop'))
  writeFileSync(at('links/loop'), 'a file where a link was\n')
  renameSync(at('acl'), at('acl-renamed'))
  execFileSync('setfacl', ['-m', 'u:3:rwx', 'acl-renamed/access'], { cwd: root })
  mkdirSync(at('fresh'))
  for (let index = 0; index < 4; index += 1) {
    writeFileSync(at(`fresh/${index}`), random.bytes(1000 + index))
  }
  linkSync(at('fresh/0'), at('fresh/same'))
  chmodSync(at('docs/deep/er'), 0o2750)
}

/**
 * An edit after a run was interrupted, in files that the run had to copy: one with equal size and time,
 * one plainly, one file gone and one new. Gives what takes it back.
 * @param {string} root
 * @returns {() => void}
 */
export function editLate(root) {
  const saved = `${root}-saved`
  const files = ['docs/note-5', 'fresh/1', 'fresh/2']
  mkdirSync(saved)
  for (const file of files) {
    execFileSync('cp', ['-a', '--', `${root}/${file}`, `${saved}/${file.replace('/', '-')}`])
  }
  execFileSync('cp', ['-a', '--', `${root}/fresh`, `${saved}/fresh`])
  rewriteUnseen(root, 'docs/note-5', 'note 5 after the failure \n')
  rewriteUnseen(root, 'fresh/1', undefined)
  unlinkSync(`${root}/fresh/2`)
  writeFileSync(`${root}/fresh/late`, 'came late\n')
  return () => {
    for (const file of files) {
      const from = `${saved}/${file.replace('/', '-')}`
      execFileSync('cp', ['-a', '--', from, `${root}/${file}`])
    }
    unlinkSync(`${root}/fresh/late`)
    touchLike(`${root}/fresh`, `${saved}/fresh`)
    rmSync(saved, { recursive: true })
  }
}

/**
 * Other content under the same size and time.
 * @param {string} root
 * @param {string} path
 * @param {string | undefined} text the content, or nothing to turn the last byte round
 */
function rewriteUnseen(root, path, text) {
  const file = `${root}/${path}`
  const before = `${root}-before`
  execFileSync('cp', ['-a', '--', file, before])
  if (text === undefined) {
    execFileSync('sh', [
      '-c',
      'tr "\\000-\\377" "\\001-\\377\\000" <"$1" >"$2"',
      'sh',
      before,
      file,
    ])
  } else {
    writeFileSync(file, text)
  }
  touchLike(file, before)
  unlinkSync(before)
}

/**
 * @param {string} file
 * @param {string} other
 */
function touchLike(file, other) {
  execFileSync('touch', ['-r', other, '--', file])
}

/**
 * @param {string} root
 * @param {string} time
 * @param {string} path
 */
function touch(root, time, path) {
  execFileSync('touch', ['-d', time, '--', path], { cwd: root })
}
