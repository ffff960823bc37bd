import { expect, test } from 'vitest'
import { NodeTable } from '../../../../src/fuse/kernel/node-table.ts'
import { nameFromText } from '../../../../src/model/entry-name.ts'
import type { VirtualFileSystem } from '../../../../src/view/virtual-file-system.ts'

const ROOT = { inode: 1, birth: 0, device: 7n }
const NAMES = ['a', 'b', 'c', 'd'].map(nameFromText)

function fileIdentity(index: number) {
  return { inode: 100 + index, birth: 0, device: 7n }
}

test('directories that share their files note no file twice, however often they are listed', () => {
  const view: Partial<VirtualFileSystem<object>> = { root: {}, identity: () => ROOT }
  const table = new NodeTable(view as VirtualFileSystem<object>)
  const directories = [10, 11].map((inode) =>
    table.tellPlain(table.root, nameFromText(`${inode}`), { ...ROOT, inode }, 'directory'),
  )
  const list = (at: number, order: readonly number[]) => {
    const directory = directories[at]!
    table.beginOrder(directory)
    for (const index of order) {
      table.place(table.tellPlain(directory, NAMES[index]!, fileIdentity(index), 'file'))
    }
    return directory.order!.files.map(({ inode }) => Number(inode) - 100)
  }

  for (let time = 0; time < 3; time += 1) {
    expect(list(0, [0, 1, 2, 3])).toEqual([0, 1, 2, 3])
    expect(list(1, [3, 1, 0])).toEqual([3, 1, 0])
  }
})
