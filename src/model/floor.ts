/** What must be free on the file system of a repository before a backup begins, in the words of a user. */
import { BYTE_SIZE_EXAMPLES, parseByteSize } from './byte-size.ts'
import { parseShare } from './share.ts'

export type Floor =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'amount'; readonly amount: number }
  | { readonly kind: 'off' }

/** What must be free of each; absent: the default. */
export interface Floors {
  readonly bytes?: Floor
  readonly inodes?: Floor
}

/** For the sentences that refuse another text. */
export const SPACE_FLOOR_EXAMPLES = `${BYTE_SIZE_EXAMPLES}, as "2 %", or "off"`
export const INODE_FLOOR_EXAMPLES = '"10000", as "2 %", or "off"'

export function parseSpaceFloor(text: string): Floor | undefined {
  return parseFloor(text, parseByteSize)
}

export function parseInodeFloor(text: string): Floor | undefined {
  return parseFloor(text, (words) =>
    /^\d{1,12}$/u.test(words.trim()) ? Number(words.trim()) : undefined,
  )
}

function parseFloor(
  text: string,
  parseAmount: (text: string) => number | undefined,
): Floor | undefined {
  if (text.trim() === 'off') return { kind: 'off' }
  const share = parseShare(text)
  if (share !== undefined) return { kind: 'share', share }
  const amount = parseAmount(text)
  return amount === undefined ? undefined : { kind: 'amount', amount }
}
