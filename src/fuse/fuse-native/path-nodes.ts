/** fuse-native asks by path, the view is a graph of nodes: this finds the node, and remembers it. */
import { LRUCache } from 'lru-cache'
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { mayBeShortened, nameOfPassed, passedName } from './passed-name.ts'

/** Nodes remembered by path: up to some 500 bytes each. */
const REMEMBERED = 10_000

export class PathNodes<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #known = new LRUCache<string, Node>({ max: REMEMBERED })
  #generation: number

  constructor(fileSystem: VirtualFileSystem<Node>) {
    this.#fileSystem = fileSystem
    this.#generation = fileSystem.refresh()
  }

  /** The node at an absolute path of the mount, or undefined when there is none. */
  at(path: string): Node | undefined {
    const generation = this.#fileSystem.refresh()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#known.clear()
    }
    return this.#find(path)
  }

  #find(path: string): Node | undefined {
    if (path === '/' || path === '') return this.#fileSystem.root
    const known = this.#known.get(path)
    if (known !== undefined) return known
    const slash = path.lastIndexOf('/')
    const parent = this.#find(path.slice(0, slash))
    if (parent === undefined) return undefined
    const node = this.#lookup(parent, path.slice(slash + 1))
    if (node !== undefined && !this.#fileSystem.isPassing(node)) this.#known.set(path, node)
    return node
  }

  #lookup(parent: Node, passed: string): Node | undefined {
    const node = this.#fileSystem.lookup(parent, nameOfPassed(passed))
    if (node !== undefined || !mayBeShortened(passed)) return node
    const listed = this.#fileSystem.list(parent)?.find(({ name }) => passedName(name) === passed)
    return listed === undefined ? undefined : this.#fileSystem.lookup(parent, listed.name)
  }
}
