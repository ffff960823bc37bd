/** Words in the files that start programs: each kind of file has its own way to quote. */

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/u

/** For sh, and for what g_shell_parse_argv reads (Nemo, Thunar). */
export function quoteForShell(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * For the key Exec of desktop entries (Desktop Entry Specification 1.5, "The Exec key"): quoted as an argument, with the
 * percent sign doubled, and the backslashes doubled again as in every string of such a file.
 */
export function quoteForDesktopEntry(word: string): string {
  const percent = word.replaceAll('%', '%%')
  if (PLAIN.test(word)) return percent
  return escapeKeyFile(`"${percent.replaceAll(/["`$\\]/gu, String.raw`\$&`)}"`)
}

/** A value of a key file: GLib reads a backslash as the beginning of an escape. */
export function escapeKeyFile(value: string): string {
  return value.replaceAll('\\', String.raw`\\`)
}

/** Text of an XML element. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
