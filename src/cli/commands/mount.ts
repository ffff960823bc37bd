/** `snapfs mount` and `snapfs unmount` */
import { type Command, Option } from 'commander'
import { resolve } from 'node:path'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { printableSentence, printableText } from '../../model/entry-name.ts'
import type { Profile } from '../../model/profile.ts'
import { DRIVER_NAMES, type DriverName } from '../../fuse/driver.ts'
import { type Feature, FEATURES } from '../../fuse/kernel/agreement.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../view/default-template.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { servingErrorLine } from '../render-error.ts'
import { mountExplanationLines } from '../render-mount-explanation.ts'
import { requireConfig, selectProfiles, stateDirectory } from '../resolve-profiles.ts'

interface MountOptions {
  readonly profile?: string
  readonly repository?: string
  readonly config?: string
  readonly foreground?: true
  readonly driver: DriverName | 'auto'
  readonly without: readonly Feature[]
  readonly passthrough?: true
  readonly allowOther?: true
  readonly explain?: true
  readonly dateFormat: string
}

const DESCRIPTION =
  flowing(`Mounts the snapshots on the directory MOUNTPOINT, read-only, and returns when they can be read. A
process in the background serves them until "snapfs unmount". A new snapshot appears by itself. "snapfs
status" lists the mounts there are, and where each has its log.

  by-date/   one directory per snapshot, named by its local time;
             "latest" is the newest
  by-file/   the same tree, but every file is a directory that holds all
             versions it ever had, each named by the time it was first
             seen; deleted files are there too
  deleted/   what existed and no longer does, as it was last
  changes/   for each snapshot what it added, modified and deleted

Never listed, but found when asked for: beside a file NAME@yesterday,
NAME@"3 days ago", NAME@2026-11-20, NAME@2026-11-20T14:30 and NAME@~1,
the version before; in the directories of by-date .history, with all versions
of what is and was there; at the root @gmt, for Samba. Extended attributes
user.snapfs.first, .last, .snapshots, .same-as, .path and .mtime-ns tell
which snapshots have a version, and which earlier one has its content.

With one profile this is the root of the mount; with several, each has a directory of its own first. Only
you can enter, unless --allow-other; then owners, permissions and access control lists decide, as they were
stored.

Two drivers can speak FUSE. "kernel" is the fast one, and shows names of any bytes, nanoseconds, stored extended
attributes and access control lists; root can always use it, others with fusermount3 (package fuse3) and the
package koffi. "fuse-native" needs libfuse 2 and the package fuse-native, and has none of these. By default the
best one is taken that can be used; --explain tells which.

With --passthrough files of 128 KiB and more are read from the disk as if there were no mount, and kept in memory once
instead of twice; but each file has to be opened first, so trees of small files take several times as long. It takes
root, the driver "kernel" and Linux 6.9 or newer.

MOUNTPOINT may lie inside a source, as ~/history inside your home: backups leave it out while it is mounted.
It may not lie inside the repository, nor the repository inside it.`)

export function addMount(program: Command, context: Context): void {
  program
    .command('mount')
    .summary('show all snapshots as a file system')
    .description(DESCRIPTION)
    .argument('[MOUNTPOINT]', 'an empty directory')
    .option('--profile <NAME>', 'only the snapshots of this profile')
    .option('--repository <REPO>', 'the repository, instead of the configured one')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--foreground', 'serve from this process and stay; errors go to standard error')
    .addOption(
      new Option('--driver <NAME>', 'what speaks FUSE')
        .choices(['auto', ...DRIVER_NAMES])
        .default('auto'),
    )
    .option('--explain', 'mount nothing; say which driver would be taken, and why')
    // For whoever looks for what is wrong, with a kernel or with snapfs; native-notes/fuse.md tells.
    .addOption(
      new Option('--without <FEATURE...>', 'do without').choices(FEATURES).default([]).hideHelp(),
    )
    .option('--passthrough', 'read large files as fast as the disk')
    .option('--allow-other', 'let other users in')
    .option(
      '--date-format <FORMAT>',
      'names in by-date, as in %Y/%m/%d_%H-%M-%S',
      DEFAULT_TEMPLATE_TEXT,
    )
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs mount ~/history
$ ls ~/history/by-file/Documents/report.odt
report@2026-11-20_09-00-00.odt  report@2026-11-22_15-30-00.odt
$ cp ~/history/by-file/Documents/report.odt/report@2026-11-20_09-00-00.odt ~/
$ diff ~/notes.txt ~/history/by-file/notes.txt@yesterday
$ snapfs unmount ~/history
`,
        ),
        section(
          'FSTAB',
          `
/mnt/backup/snapfs  /home/anna/history  fuse.snapfs  profile=home,allow_other,nofail  0  0

profile=NAME, date_format=FORMAT, driver=NAME, passthrough and allow_other are those of the options above. "mount"
looks for snapfs in /usr/local/bin and the like.
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY, 'FUSE_UNAVAILABLE', 'MOUNT_FAILED']),
      ),
    )
    .action(async (mountpoint: string | undefined, options: MountOptions) => {
      if (options.explain === true) await explain(context, options)
      else if (mountpoint !== undefined) await mount(context, mountpoint, options)
      else {
        throw new SnapfsError('USAGE', 'No MOUNTPOINT was named.', {
          hint: 'Name an empty directory, as in: snapfs mount ~/history',
        })
      }
    })
}

export function addUnmount(program: Command): void {
  program
    .command('unmount')
    .alias('umount')
    .summary('end a mount')
    .description('Ends what "snapfs mount" began. Fails while files in it are open, unless --lazy.')
    .argument('<MOUNTPOINT>', 'where the snapshots are mounted')
    .option('--lazy', 'take it away now; what is open stays readable until it is closed')
    .addHelpText(
      'after',
      afterHelp(
        section('EXAMPLE', '$ snapfs unmount ~/history'),
        exitStatusText([...ALWAYS, 'FUSE_UNAVAILABLE', 'MOUNT_FAILED']),
      ),
    )
    .action(async (mountpoint: string, options: { readonly lazy?: true }) => {
      const { unmount } = await import('../../actions/unmount.ts')
      await unmount(mountpoint, options.lazy ? 'lazily' : 'plainly')
    })
}

async function explain(context: Context, options: MountOptions): Promise<void> {
  const { explainMount } = await import('../../actions/explain-mount.ts')
  const wanted = { driver: options.driver, passthrough: options.passthrough === true }
  const explanation = await explainMount(wanted, context.world)
  for (const line of mountExplanationLines(explanation)) context.output.answer(line)
}

async function mount(context: Context, mountpoint: string, options: MountOptions): Promise<void> {
  const { repository, profiles } = await repositoryToMount(context, options)
  const place = resolve(mountpoint)
  if (context.output.terminal !== undefined) await remarkOnSources(context, place, profiles)
  if (options.foreground === undefined) {
    const commandLine = foregroundCommandLine(place, repository, options)
    const { mountInBackground } = await import('../../actions/mount-in-background.ts')
    const command = context.startAgain(commandLine)
    const remark = await mountInBackground(command, place, stateDirectory(context))
    if (remark !== undefined) context.output.remark(`snapfs: ${printableSentence(remark)}`)
    return
  }
  const { serveMount } = await import('../../actions/serve-mount.ts')
  const isBehind = context.tellStarter !== undefined
  const log = (line: string): void => {
    const time = new Date(context.world.clock.now()).toISOString()
    context.output.remark(isBehind ? `${time} ${line}` : line)
  }
  await serveMount(
    {
      mountpoint: place,
      repository,
      profile: options.profile,
      driver: options.driver,
      without: options.without,
      passthrough: options.passthrough === true,
      allowOther: options.allowOther === true,
      dateFormat: options.dateFormat,
      stateDirectory: stateDirectory(context),
      signal: context.signal,
      ...(context.servingAhead === undefined ? {} : { ahead: context.servingAhead }),
      onServing: () => context.tellStarter?.({ kind: 'serving' }),
      onError: (error) => log(servingErrorLine(error)),
      // Who stays in the foreground sees what happens; a log is read long afterwards.
      onEvent: isBehind
        ? (sentence) => log(`snapfs: ${printableSentence(sentence)}`)
        : () => undefined,
    },
    context.world,
  )
}

/** To a person only: nothing is wrong, but a directory that backups leave out is worth knowing of. */
async function remarkOnSources(
  context: Context,
  mountpoint: string,
  profiles: readonly Profile[],
): Promise<void> {
  const { sourcesAround } = await import('../../actions/sources-around.ts')
  for (const { name, source } of await sourcesAround(mountpoint, profiles)) {
    const place = `${printableText(mountpoint)} lies inside ${printableText(source)}`
    context.output.remark(
      `snapfs: ${place}, the source of "${name}"; its backups leave it out while it is mounted.`,
    )
  }
}

/** The one repository that is meant, and the profiles when the configuration said so. */
interface ToMount {
  readonly repository: string
  readonly profiles: readonly Profile[]
}

/** @throws SnapfsError USAGE when it is not clear which repository is meant */
async function repositoryToMount(context: Context, options: MountOptions): Promise<ToMount> {
  if (options.repository !== undefined) {
    return { repository: resolve(options.repository), profiles: [] }
  }
  const config = await requireConfig(context, options.config)
  const profiles = selectProfiles(config, options.profile === undefined ? [] : [options.profile])
  const repositories = [...new Set(profiles.map((profile) => profile.repository))]
  const only = repositories[0]
  if (only !== undefined && repositories.length === 1) return { repository: only, profiles }
  throw new SnapfsError('USAGE', 'The configuration names several repositories.', {
    hint: `Say which with --profile or --repository: ${repositories.join(', ')}.`,
  })
}

function foregroundCommandLine(
  mountpoint: string,
  repository: string,
  options: MountOptions,
): string[] {
  return [
    'mount',
    '--foreground',
    `--repository=${repository}`,
    `--driver=${options.driver}`,
    ...options.without.map((feature) => `--without=${feature}`),
    `--date-format=${options.dateFormat}`,
    ...(options.profile === undefined ? [] : [`--profile=${options.profile}`]),
    ...(options.passthrough ? ['--passthrough'] : []),
    ...(options.allowOther ? ['--allow-other'] : []),
    '--',
    mountpoint,
  ]
}
