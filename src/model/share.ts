/** A share of a whole in the words of a user. */

/** For the sentence that refuses another text. */
export const SHARE_EXAMPLES = '"50 %"'

/** `50 %` or `2.5%` as a number from 0 to 1; undefined for anything else. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)\s*%$/u.exec(text.trim())
  const percent = Number(match?.[1])
  return match === null || percent > 100 ? undefined : percent / 100
}
