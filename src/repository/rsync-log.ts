/** What rsync said, kept beside the snapshot: bounded, and compressed when it is long. */
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Lines beyond this are counted only. */
const LOG_LIMIT_BYTES = 8 * 1024 * 1024
const COMPRESS_ABOVE_BYTES = 256 * 1024

export class RsyncLog {
  readonly #file: string
  readonly #lines: string[] = []
  #bytes = 0
  #dropped = 0

  constructor(file: string) {
    this.#file = file
  }

  add(line: string): void {
    if (this.#bytes + line.length > LOG_LIMIT_BYTES) {
      this.#dropped += 1
      return
    }
    this.#bytes += line.length + 1
    this.#lines.push(line)
  }

  /** Writes the file, as `rsync.log` or `rsync.log.gz`. @throws the operating system's error */
  async write(): Promise<void> {
    if (this.#dropped > 0) this.#lines.push(`(${this.#dropped} more lines)`)
    const text = Buffer.from(`${this.#lines.join('\n')}\n`, 'latin1')
    if (text.length <= COMPRESS_ABOVE_BYTES) await writeFile(this.#file, text, { mode: 0o600 })
    else await writeFile(`${this.#file}.gz`, await promisify(gzip)(text), { mode: 0o600 })
  }
}
