/** The signals by which a user, a terminal or the system asks the program to end. */

export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type EndSignal = (typeof END_SIGNALS)[number]

/** The name, in the table of exit codes, of an end by each. */
export const END_CODES = {
  SIGINT: 'INTERRUPTED',
  SIGTERM: 'TERMINATED',
  SIGHUP: 'HANGUP',
} as const satisfies Readonly<Record<EndSignal, string>>
