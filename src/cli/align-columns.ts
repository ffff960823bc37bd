/**
 * Rows of a table as lines: each column as wide as its widest cell, but the last one, which ends where it ends. Cells hold no wide
 * characters but in the last column.
 * @param rightAligned columns of numbers
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number>,
): string[] {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_none, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (rightAligned.has(column)) return cell.padStart(widths[column] ?? 0)
        return column === columns - 1 ? cell : cell.padEnd(widths[column] ?? 0)
      })
      .join('  ')
      .trimEnd(),
  )
}
