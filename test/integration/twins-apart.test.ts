/** Files of equal content and time that are not one: a snapshot must not make them one. */
import { execa } from 'execa'
import { link, lstat, mkdir, rename, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { backUpOnce, repositoryAt, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace } from '../support/back-up-place.ts'
import { differences } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')

test('a copy that is given the old name of what it was copied from stays apart from that', async () => {
  const [source, repository] = [`${place().directory}/twins`, `${place().directory}/apart`]
  await mkdir(source)
  await repositoryAt(repository)
  const backUp = async (): Promise<string> =>
    treeOf(await backUpOnce(repository, source, {}, settledWorld()))
  await writeFile(`${source}/a`, 'content')
  await backUp()
  await execa('cp', ['-a', `${source}/a`, `${source}/b`])
  await backUp()
  await rename(`${source}/a`, `${source}/c`)
  await backUp()
  // Two names of the copy: under one of them an older snapshot has what is called c now.
  await link(`${source}/b`, `${source}/a`)
  const tree = await backUp()
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => lstat(`${tree}/${name}`)))
  expect(a!.ino).toBe(b!.ino)
  expect(c!.ino).not.toBe(a!.ino)
  expect(await differences(source, tree)).toBe('')
})
