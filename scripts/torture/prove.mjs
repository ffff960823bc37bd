/**
 * Shows that each harness can turn red: runs it against a snapfs that is broken in one way, and expects the
 * violation that belongs to it. The broken ones stand in `broken/`, and know nothing of what is inside snapfs.
 */
/* global performance */
import { fileURLToPath } from 'node:url'
import { Group } from './processes.mjs'
import { print, remark } from './session.mjs'

const LIMIT_MS = 15 * 60 * 1000

/**
 * @typedef {object} Proof
 * @property {string} title what is broken
 * @property {string} harness
 * @property {string} check the violation that must be seen
 * @property {string} [program] in place of snapfs
 * @property {string} [standIn] a directory of programs in place of those that snapfs starts
 * @property {string} [path] a directory of programs in place of those that the torture starts
 * @property {readonly string[]} [words]
 */

/** @type {readonly Proof[]} */
const PROOFS = [
  {
    title: 'a snapshot is written where all see it',
    harness: 'kill',
    check: 'half-made',
    program: 'writes-where-all-see',
  },
  {
    title: 'a file of an earlier snapshot is appended to',
    harness: 'kill',
    check: 'next-run earlier-changed',
    program: 'touches-earlier',
  },
  {
    title: 'rsync outlives snapfs',
    harness: 'kill',
    check: 'orphan',
    standIn: 'without-death-signal',
    words: ['--point', 'third:snapfs:0 ms'],
  },
  { title: 'nobody is killed', harness: 'kill', check: 'not-injected', path: 'without-injection' },
  {
    title: 'every failure is a success',
    harness: 'errors',
    check: 'lied',
    program: 'always-succeeds',
  },
  { title: 'no call fails', harness: 'errors', check: 'not-injected', path: 'without-injection' },
  { title: 'a full disk is a success', harness: 'full', check: 'lied', program: 'always-succeeds' },
  {
    title: 'a full disk shows half a snapshot',
    harness: 'full',
    check: 'half-made',
    program: 'writes-where-all-see',
  },
  { title: 'no room is taken', harness: 'full', check: 'not-injected', path: 'without-filling' },
  {
    title: 'nothing is synced before it is published',
    harness: 'power',
    check: 'lied',
    standIn: 'without-sync',
  },
  { title: 'no call is held', harness: 'power', check: 'not-injected', path: 'without-injection' },
  { title: 'no power is cut', harness: 'power', check: 'not-injected', path: 'without-power-cut' },
  {
    title: 'what keeps size and time is not looked at',
    harness: 'churn',
    check: 'next-run lied',
    program: 'writes-where-all-see',
  },
  {
    title: 'nothing changes in time',
    harness: 'churn',
    check: 'not-injected',
    program: 'ends-at-once',
  },
  {
    title: 'a snapshot is removed under its name',
    harness: 'prune',
    check: 'earlier-changed',
    program: 'removes-where-all-see',
  },
  {
    title: 'no prune is struck',
    harness: 'prune',
    check: 'not-injected',
    path: 'without-injection',
  },
]

/**
 * @param {import('./session.mjs').Options} options
 * @param {string} room
 * @returns {Promise<boolean>} whether every breakage was noticed
 */
export async function prove({ seed, snapfs, only }, room) {
  const broken = fileURLToPath(new URL('broken/', import.meta.url))
  const torture = fileURLToPath(new URL('torture.mjs', import.meta.url))
  let unnoticed = 0
  for (const { title, harness, check, program, standIn, path, words = [] } of PROOFS) {
    if (only.length > 0 && !only.includes(harness)) continue
    const startedMs = performance.now()
    const wrapper = standIn === undefined ? program : 'with-stand-in'
    const engine = wrapper === undefined ? snapfs : `${broken}${wrapper}`
    const group = new Group(
      '',
      process.execPath,
      [
        torture,
        '--seed',
        String(seed),
        '--dir',
        room,
        '--only',
        harness,
        '--snapfs',
        engine,
        ...words,
      ],
      {
        limitMs: LIMIT_MS,
        env: {
          TORTURE_TRUE_SNAPFS: snapfs,
          ...(standIn === undefined ? {} : { TORTURE_STAND_IN: `${broken}${standIn}` }),
          ...(path === undefined ? {} : { PATH: `${broken}${path}:${process.env['PATH'] ?? ''}` }),
        },
      },
    )
    const { exitCode, stdout, stderr } = await group.ended
    const seen = violationsIn(stdout)
    const noticed = exitCode === 1 && seen.includes(check)
    if (!noticed) {
      unnoticed += 1
      remark(stderr.slice(-4000))
    }
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    print({ breakage: title, harness, expected: check, noticed, seen: [...new Set(seen)], seconds })
  }
  return unnoticed === 0
}

/** The checks that failed, from the lines of a torture. */
function violationsIn(/** @type {string} */ stdout) {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) =>
      JSON.parse(line).seen.map((/** @type {{ check: string }} */ { check }) => check),
    )
}
