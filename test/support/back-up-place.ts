/** A source and a repository for each test of the engine. */
import { mkdir, writeFile } from 'node:fs/promises'
import { beforeEach } from 'vitest'
import { repositoryAt } from './back-up-once.ts'
import { useTemporaryDirectory } from './temporary-directory.ts'

export interface BackUpPlace {
  /** The temporary directory of the running test; both others lie in it. */
  readonly directory: string
  readonly source: string
  readonly repository: string
}

/** @returns a function that gives the place of the running test */
export function useBackUpPlace(): () => BackUpPlace {
  const directory = useTemporaryDirectory()
  const place = (): BackUpPlace => ({
    directory: directory(),
    source: `${directory()}/source`,
    repository: `${directory()}/repository`,
  })
  beforeEach(async () => {
    await mkdir(place().source)
    await repositoryAt(place().repository)
  })
  return place
}

/** Writes a file of a source, with the directories above it. */
export async function writeInto(source: string, path: string, content: string): Promise<void> {
  await mkdir(`${source}/${path}`.replace(/\/[^/]*$/u, ''), { recursive: true })
  await writeFile(`${source}/${path}`, content)
}
