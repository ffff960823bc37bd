/** Chance that can be repeated: the same seed and the same word give the same numbers. */

/** @typedef {{ below: (limit: number) => number, pick: <Item>(items: readonly Item[]) => Item, bytes: (count: number) => Buffer }} Random */

/**
 * @param {number} seed
 * @param {string} word tells the users of one seed apart
 * @returns {Random}
 */
export function randomFrom(seed, word) {
  let state = seed | 0
  for (const character of word) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193)
  // Mulberry32: short, and good enough to choose by.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return (value ^ (value >>> 14)) >>> 0
  }
  return {
    below: (limit) => next() % limit,
    pick: (items) => {
      if (items.length === 0) throw new Error('nothing to pick from')
      return /** @type {never} */ (items[next() % items.length])
    },
    bytes: (count) => {
      const words = new Uint32Array(Math.ceil(count / 4))
      words.forEach((_, index) => (words[index] = next()))
      return Buffer.from(words.buffer, 0, count)
    },
  }
}

/**
 * A number that belongs to a word, from 0 up to 2^32.
 * @param {number} seed
 * @param {string} word
 */
export function lotOf(seed, word) {
  return randomFrom(seed, word).below(2 ** 32)
}
