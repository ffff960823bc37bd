/**
 * `snapfs backup` as a user's crontab runs it, by the true cron daemon: in a mount namespace of its own,
 * where the machine's crontabs, mail and configuration are replaced, and with a clock that is about to
 * strike.
 */
import { execa } from 'execa'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

/** Three seconds before the schedule is due. */
const SHORTLY_BEFORE = '@2026-11-22 11:59:57'
const SCHEDULE = '0 */12 * * *'
/** From the start of cron to the end of its jobs. */
const LIMIT_MS = 30_000

/** What a global installation links to. */

const directory = useTemporaryDirectory()

interface Place {
  readonly root: string
  readonly source: string
  readonly repository: string
  readonly config: string
  readonly bin: string
  /** One file per mail. */
  readonly mails: string
  /** What `env` prints when cron runs it. */
  readonly environment: string
  readonly env: Readonly<Record<string, string>>
}

let daemon: { readonly pid: number; readonly ended: Promise<unknown> } | undefined

// Registered after useTemporaryDirectory, so it runs before that removes the directory.
afterEach(async () => {
  if (daemon === undefined) return
  for (const pid of [...(await descendantsOf(daemon.pid)), daemon.pid]) kill(pid)
  await daemon.ended
  daemon = undefined
})

/** A repository, the configuration of root, and a global npm prefix's `bin` with snapfs and node. */
async function prepare(): Promise<Place> {
  const root = directory()
  const config = join(root, 'config.toml')
  const place = {
    root,
    source: join(root, 'source'),
    repository: join(root, 'repository'),
    config,
    bin: join(root, 'bin'),
    mails: join(root, 'mails'),
    environment: join(root, 'environment'),
    env: { HOME: join(root, 'home'), SNAPFS_CONFIG: config },
  }
  for (const path of [place.source, place.bin, place.mails, place.env.HOME]) await mkdir(path)
  await writeFile(join(place.source, 'letter'), 'Dear reader\n')
  await symlink(PROGRAM, join(place.bin, 'snapfs'))
  await writeFile(join(place.bin, 'node'), '')
  const words = ['init', place.repository, '--source', place.source, '--profile', 'data']
  expect(await snapfs(words, { env: place.env })).toMatchObject({ exitCode: 0, stderr: '' })
  return place
}

/** What cron hands its mail to. A mail appears as a file when it is whole. */
const sendmail = (place: Place): string => `#!/bin/sh
cat > '${place.root}/mail.'$$ && mv '${place.root}/mail.'$$ '${place.mails}/'$$
`

/**
 * The changes to the machine that only cron and its jobs see. node is beside snapfs and nowhere in
 * cron's PATH, as with a version manager.
 */
const changes = (place: Place): string => `
mkdir -p '${place.root}/etc' '${place.root}/sbin'
mount -t tmpfs -o mode=755 tmpfs '${place.root}/etc'
mount -t tmpfs -o mode=755 tmpfs '${place.root}/sbin'
for part in etc sbin; do mkdir "${place.root}/$part/upper" "${place.root}/$part/work"; done
mkdir -p '${place.root}/etc/upper/snapfs'
cp '${place.config}' '${place.root}/etc/upper/snapfs/config.toml'
install -m 755 '${place.root}/sendmail' '${place.root}/sbin/upper/sendmail'
mount -t overlay -o 'lowerdir=/etc,upperdir=${place.root}/etc/upper,workdir=${place.root}/etc/work' overlay /etc
mount -t overlay -o 'lowerdir=/usr/sbin,upperdir=${place.root}/sbin/upper,workdir=${place.root}/sbin/work' overlay /usr/sbin
rm -f /etc/crontab /etc/cron.d/* /etc/cron.d/.placeholder
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1730 tmpfs /var/spool/cron/crontabs
install -m 600 '${place.root}/crontab' /var/spool/cron/crontabs/root
mount --bind '${process.execPath}' '${place.bin}/node'
for node in /usr/bin/node /bin/node; do
  if test -e "$node"; then mount --bind /dev/null "$node"; fi
done
`

/** Starts cron shortly before the schedule is due, and returns when its jobs are over. */
async function strikeTwelve(place: Place): Promise<void> {
  const crontab = [
    `${SCHEDULE} ${place.bin}/snapfs backup`,
    `${SCHEDULE} env > ${place.environment}.new && mv ${place.environment}.new ${place.environment}`,
  ]
  await writeFile(join(place.root, 'crontab'), `${crontab.join('\n')}\n`)
  await writeFile(join(place.root, 'sendmail'), sendmail(place))
  const library = await execa('faketime', ['-f', SHORTLY_BEFORE, 'printenv', 'LD_PRELOAD'])
  // Each program takes the place of the one before, so the id is cron's in the end.
  const child = execa(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', 'sh', '-ec'],
      `${changes(place)}\nexec env LD_PRELOAD="$1" FAKETIME="$2" cron -f`,
      ...['sh', library.stdout, SHORTLY_BEFORE],
    ],
    { stdin: 'ignore', reject: false },
  )
  const pid = child.pid!
  daemon = { pid, ended: child }
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let jobsSeen = false
  await eventually(
    () => `cron runs its jobs; it said "${output}"`,
    async () => {
      const running = await descendantsOf(pid)
      jobsSeen ||= await exists(place.environment)
      return jobsSeen && running.length === 0
    },
  )
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  )
}

/** Asks until the answer is yes. */
async function eventually(what: () => string, ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`not within ${LIMIT_MS} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function descendantsOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.split(' ').filter((id) => id !== '')
  const below = await Promise.all(children.map((id) => descendantsOf(Number(id))))
  return [...below.flat(), ...children.map(Number)]
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** The true cron, and a clock to set for it alone. */
const testWithCron = testWith('rsync', 'root', 'cron')

testWithCron('every twelve hours cron makes a snapshot, and nobody gets mail', async () => {
  const place = await prepare()
  await strikeTwelve(place)
  expect(await readdir(place.mails)).toEqual([])
  const list = await snapfs(['list'], { env: place.env })
  expect(list.stdout).toMatch(/ complete .*\n {2}1 snapshot$/u)
  const letter = join(place.repository, 'data/latest/tree/letter')
  expect(await readFile(letter, 'utf8')).toBe('Dear reader\n')

  // It was cron's own environment, in which there is next to nothing.
  const environment = (await readFile(place.environment, 'utf8')).trim().split('\n')
  expect(environment).toEqual(
    expect.arrayContaining(['SHELL=/bin/sh', 'PATH=/usr/bin:/bin', 'LOGNAME=root']),
  )
  const names = environment.map((line) => line.split('=')[0])
  for (const name of ['LD_PRELOAD', 'FAKETIME', 'SNAPFS_CONFIG', 'TERM', 'USER']) {
    expect(names).not.toContain(name)
  }
})

testWithCron('when something is wrong cron sends one mail with one paragraph', async () => {
  const place = await prepare()
  await rm(place.source, { recursive: true })
  await strikeTwelve(place)
  const mails = await readdir(place.mails)
  expect(mails).toHaveLength(1)
  const mail = await readFile(join(place.mails, mails[0]!), 'utf8')
  const end = mail.indexOf('\n\n')
  expect(mail.slice(0, end)).toMatch(/^Subject: Cron .*\/bin\/snapfs backup$/mu)
  const body = mail.slice(end + 2)
  expect(body).toMatch(/^snapfs: data: /u)
  expect(body).toContain(place.source)
  expect(body).toMatch(/does not exist/u)
  expect(body).not.toMatch(/\n\n/u)
  expect(body).not.toMatch(/^\s+at /mu)
  expect(body).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]/u)
  const list = await snapfs(['list'], { env: place.env })
  expect(list.stdout).toContain('no snapshots yet')
})
