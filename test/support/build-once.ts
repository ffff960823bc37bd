/** Global setup of the end-to-end tier: the built program is what is tested. */
import { execa } from 'execa'

export default async function buildOnce(): Promise<void> {
  await execa('npm', ['run', '--silent', 'build'], {
    cwd: new URL('../..', import.meta.url).pathname,
  })
}
