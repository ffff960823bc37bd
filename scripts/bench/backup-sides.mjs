/**
 * The programs that make a snapshot, each in the way its users do. All have the same three words: `prepare` makes an
 * empty place, `make` makes a snapshot and is what is timed, `forget` takes it away again, so that the next round
 * finds what this one found.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { run } from './measure.mjs'

const RSYNC_OPTIONS = ['-aHAX', '--numeric-ids', '--sparse', '--modify-window=-1']

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ onStart?: (pid: number) => void }} Watch */

/**
 * @typedef {object} Made
 * @property {number} ms
 * @property {string} path of what was made; empty where that is not a tree
 * @property {Readonly<Record<string, number>>} [counts] of snapfs
 * @property {number} [syncedMs] the same with `sync -f` after it
 */

/**
 * @typedef {object} Side
 * @property {string} name
 * @property {() => Promise<void>} prepare
 * @property {(watch?: Watch) => Promise<Made>} make
 * @property {(made: Made) => Promise<void>} forget
 */

/** @implements {Side} */
export class Snapfs {
  name = 'snapfs backup'

  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.source = `${bench.directory}/source`
    this.repository = `${bench.directory}/repository`
    this.env = { SNAPFS_CONFIG: `${bench.directory}/config.toml` }
  }

  async prepare() {
    const { options, signal } = this.bench
    const words = ['init', this.repository, '--source', this.source]
    await run(options.snapfs, words, { signal, env: this.env })
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const { options, signal } = this.bench
    const words = ['backup', '--repository', this.repository, '--source', this.source, '--json']
    const settings = { signal, env: this.env, stdout: /** @type {const} */ ('pipe'), ...watch }
    const { ms, stdout } = await run(options.snapfs, words, settings)
    const [snapshot] = JSON.parse(stdout).snapshots
    return { ms, path: snapshot.path, counts: snapshot.counts }
  }

  /** @param {Made} made */
  async forget({ path }) {
    await removeQuietly(this.bench, path)
  }
}

/**
 * Bare rsync, without and with the `sync -f` that snapfs does before it shows a snapshot.
 * @implements {Side}
 */
export class Rsync {
  /**
   * @param {Bench} bench
   * @param {string} name
   * @param {string} place directory of its snapshots
   */
  constructor(bench, name, place) {
    this.bench = bench
    this.name = name
    this.place = place
    this.made = 0
    this.previous = ''
  }

  async prepare() {
    mkdirSync(this.place)
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const { signal, directory } = this.bench
    this.made += 1
    const path = `${this.place}/${this.made}`
    const basis = this.previous === '' ? [] : [`--link-dest=${this.previous}`]
    const words = [...RSYNC_OPTIONS, ...basis, `${directory}/source/`, `${path}/`]
    const { ms } = await run('rsync', words, { signal, ...watch })
    const { ms: syncMs } = await run('sync', ['-f', '--', this.place], { signal })
    return { ms, syncedMs: ms + syncMs, path }
  }

  /** @param {Made} made */
  async forget({ path }) {
    await removeQuietly(this.bench, path)
  }
}

/**
 * A bare loop of links: what it costs to make the tree, when it is known already that nothing changed.
 * @implements {Side}
 */
export class Links {
  name = 'cp -al'

  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.place = `${bench.directory}/links`
    /** The tree whose entries are linked. */
    this.previous = ''
  }

  async prepare() {
    mkdirSync(this.place)
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const path = `${this.place}/tree`
    const { ms } = await run('cp', ['-al', '--', this.previous, path], {
      signal: this.bench.signal,
      ...watch,
    })
    return { ms, path }
  }

  /** @param {Made} made */
  async forget({ path }) {
    await removeQuietly(this.bench, path)
  }
}

/** @implements {Side} */
export class Rsnapshot {
  name = 'rsnapshot'

  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.root = `${bench.directory}/rsnapshot`
    this.config = `${bench.directory}/rsnapshot.conf`
  }

  async prepare() {
    mkdirSync(this.root)
    const settings = [
      ['config_version', '1.2'],
      ['snapshot_root', `${this.root}/`],
      ['cmd_cp', '/bin/cp'],
      ['cmd_rm', '/bin/rm'],
      ['cmd_rsync', '/usr/bin/rsync'],
      // None is removed within the time: that would be measured, too.
      ['retain', 'alpha', '100'],
      ['link_dest', '1'],
      ['rsync_short_args', '-aHAX'],
      ['rsync_long_args', '--numeric-ids --relative'],
      ['lockfile', `${this.bench.directory}/rsnapshot.pid`],
      ['backup', `${this.bench.directory}/source/`, 'localhost/'],
    ]
    writeFileSync(this.config, settings.map((words) => `${words.join('\t')}\n`).join(''))
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const { signal } = this.bench
    const { ms } = await run('rsnapshot', ['-c', this.config, 'alpha'], { signal, ...watch })
    return { ms, path: `${this.root}/alpha.0` }
  }

  /** @param {Made} made */
  async forget({ path }) {
    await removeQuietly(this.bench, path)
    renameSync(`${this.root}/alpha.1`, path)
  }
}

/**
 * What it made stays: there is no tree to remove, and the data would stay anyway.
 * @implements {Side}
 */
export class Restic {
  name = 'restic'

  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.env = {
      RESTIC_PASSWORD: 'bench',
      RESTIC_REPOSITORY: `${bench.directory}/restic`,
      RESTIC_CACHE_DIR: `${bench.directory}/restic-cache`,
    }
  }

  async prepare() {
    await run('restic', ['init', '-q'], { signal: this.bench.signal, env: this.env })
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const { signal, directory } = this.bench
    const words = ['backup', '-q', `${directory}/source`]
    return { ...(await run('restic', words, { signal, env: this.env, ...watch })), path: '' }
  }

  async forget() {}
}

/** @implements {Side} */
export class Borg {
  name = 'borg'

  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.made = 0
    this.repository = `${bench.directory}/borg`
    this.env = {
      BORG_BASE_DIR: `${bench.directory}/borg-base`,
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    }
  }

  async prepare() {
    mkdirSync(this.env.BORG_BASE_DIR)
    const words = ['init', '-e', 'none', this.repository]
    await run('borg', words, { signal: this.bench.signal, env: this.env })
  }

  /** @param {Watch} [watch] @returns {Promise<Made>} */
  async make(watch = {}) {
    const { signal, directory } = this.bench
    this.made += 1
    const words = ['create', `${this.repository}::${this.made}`, `${directory}/source`]
    return { ...(await run('borg', words, { signal, env: this.env, ...watch })), path: '' }
  }

  async forget() {}
}

/**
 * @param {Bench} bench
 * @param {string} path
 */
async function removeQuietly(bench, path) {
  await run('rm', ['-rf', '--', path], { signal: bench.signal })
  await settle(bench)
}

/** What was written before must not be waited for in the next timed run. @param {Bench} bench */
export async function settle(bench) {
  await run('sync', ['-f', '--', bench.directory], { signal: bench.signal })
}
