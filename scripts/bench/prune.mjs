/**
 * How fast a snapshot is removed, against the usual ways to remove a tree.
 *
 *   npm run build
 *   node scripts/bench/prune.mjs [--files 100000] [--per-directory 100] [--rounds 5] [--ram GIB] [--dir DIRECTORY]
 *                                [--snapfs PROGRAM]
 *
 * A series of snapshots that share all their inodes, as an unchanged source leaves them; each side removes the oldest
 * one in its turn: `snapfs prune`, `rm -rf`, `find -delete`, and rsync with an empty directory. Before each the disk is
 * synced and the names are in memory. The half second that snapfs gives mounts is part of its time. Prints one
 * JSON object per line, and a table on standard error.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { backUp, makeRepository } from './make-history.mjs'
import { makeFiles } from './make-tree.mjs'
import { inTurn, remark, run, runBenchmark } from './measure.mjs'
import { Times } from './times.mjs'

const MEAN_BYTES = 3900
const SIDES = ['rm -rf', 'find -delete', 'rsync --delete', 'snapfs']

await runBenchmark({ files: 100_000, rounds: 5 }, async (bench) => {
  const { directory, options, signal } = bench
  const { files, perDirectory, rounds } = options
  remark(
    `making ${files} files, ${perDirectory} to a directory, and ${rounds * SIDES.length + 1} snapshots`,
  )
  const [source, empty] = [`${directory}/source`, `${directory}/empty`]
  mkdirSync(empty)
  makeFiles(source, { files, perDirectory, meanBytes: MEAN_BYTES })
  const { repository } = await makeRepository(bench, 'repository', source)
  const series = `${repository}/source`
  for (let made = 1; made < rounds * SIDES.length + 1; made += 1) {
    await backUp(bench, repository, source)
  }
  const snapshots = () =>
    readdirSync(series)
      .filter((name) => /^\d{4}-/u.test(name))
      .sort()
  const times = new Times()
  for (let round = 0; round < rounds; round += 1) {
    for (const side of inTurn(SIDES, round)) {
      const all = snapshots()
      const oldest = `${series}/${all[0]}`
      await run('sync', ['-f', directory], { signal })
      await run('find', [oldest, '-printf', ''], { signal })
      times.add('shared names', side, await remove(side, oldest, all.length - 1))
      if (snapshots().length !== all.length - 1) throw new Error(`${side} did not remove ${oldest}`)
    }
    remark(`round ${round + 1} of ${rounds}`)
  }
  times.print(
    SIDES.slice(0, -1).map((side) => /** @type {const} */ (['snapfs', side])),
    files,
  )
  times.remarkTable('rm -rf', SIDES)

  /**
   * @param {string} side
   * @param {string} oldest
   * @param {number} left how many snapshots are to stay
   */
  async function remove(side, oldest, left) {
    switch (side) {
      case 'rm -rf':
        return (await run('rm', ['-rf', oldest], { signal })).ms
      case 'find -delete':
        return (await run('find', [oldest, '-delete'], { signal })).ms
      case 'rsync --delete': {
        const emptied = await run('rsync', ['-a', '--delete', `${empty}/`, `${oldest}/`], {
          signal,
        })
        return emptied.ms + (await run('rmdir', [oldest], { signal })).ms
      }
      default: {
        const config = `${directory}/config.toml`
        const lines = [`repository = "${repository}"`, '[profile.source]', `source = "${source}"`]
        writeFileSync(config, [...lines, `keep = { last = ${left} }`, ''].join('\n'))
        return (await run(options.snapfs, ['prune', '--config', config], { signal })).ms
      }
    }
  }
})
