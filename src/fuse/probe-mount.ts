/**
 * Whether a mount answers. Whoever asks a mount whose process was stopped waits until it goes on, and only SIGKILL ends
 * that: a thread of this process would keep it from ending. So another one asks (measured, Linux 6.18, Node 20.20).
 */

/** `dead`: its process has ended, and the mount is still there. `silent`: it did not answer in time. */
export type MountAnswer = 'answers' | 'dead' | 'silent'

/** A disk may have to spin up first. */
const ANSWER_LIMIT_MS = 10_000

export async function probeMount(mountpoint: string): Promise<MountAnswer> {
  const { execa } = await import('execa')
  // Not stat: the kernel may answer that from its cache for a minute after the server died.
  const result = await execa('stat', ['--file-system', '--', mountpoint], {
    stdin: 'ignore',
    stdout: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
    timeout: ANSWER_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  if (result.timedOut) return 'silent'
  return /not connected/iu.test(result.stderr) ? 'dead' : 'answers'
}
