/** The two streams a command writes to. Standard output is the answer, standard error everything else. */

export interface Output {
  /** A line of the answer. */
  readonly answer: (line: string) => void
  /** A line beside the answer. */
  readonly remark: (line: string) => void
  /** Whether the answer goes to a person at a terminal. */
  readonly answerIsWatched: boolean
  /** Where a progress bar may be drawn, if anywhere. */
  readonly terminal: NodeJS.WriteStream | undefined
}
