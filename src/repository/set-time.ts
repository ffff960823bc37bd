/** Node 20 has no utimensat(2) that takes nanoseconds; coreutils' touch does. */
import { execa } from 'execa'

/**
 * Sets the time of modification. Where touch is missing or cannot read the time, it stays what it was.
 * @param time as touch reads it, such as `@1234567890.123456789`
 */
export async function setTime(file: string, time: string): Promise<void> {
  await execa('touch', ['-m', `--date=${time}`, '--', file], {
    stdio: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
  })
}
