/** What has numbers that were given one after the other, most of which are in use: in pages, in a quarter of a Map's memory. */
interface Page<T> {
  readonly items: (T | undefined)[]
  used: number
}

const PAGE = 1024

export class ByNumber<T> {
  readonly #pages = new Map<number, Page<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @param number any; what is not whole or was never given has nothing */
  get(number: number): T | undefined {
    return this.#pages.get(Math.floor(number / PAGE))?.items[number % PAGE]
  }

  /** Under a number that has nothing. */
  add(number: number, item: T): void {
    const at = Math.floor(number / PAGE)
    let page = this.#pages.get(at)
    if (page === undefined) {
      page = { items: new Array<T | undefined>(PAGE).fill(undefined), used: 0 }
      this.#pages.set(at, page)
    }
    page.items[number % PAGE] = item
    page.used += 1
    this.#size += 1
  }

  /** What has something. */
  remove(number: number): void {
    const at = Math.floor(number / PAGE)
    const page = this.#pages.get(at)
    if (page?.items[number % PAGE] === undefined) return
    page.items[number % PAGE] = undefined
    page.used -= 1
    this.#size -= 1
    if (page.used === 0) this.#pages.delete(at)
  }

  *values(): Generator<T> {
    for (const { items } of this.#pages.values()) {
      for (const item of items) if (item !== undefined) yield item
    }
  }
}
