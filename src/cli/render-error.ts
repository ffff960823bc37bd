/** An error as a paragraph for a person, or as an object for a program. */
import { exitCodeOf } from '../errors/exit-code.ts'
import { messageOf } from '../errors/system-error.ts'
import { printableSentence } from '../model/entry-name.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'

/** Lines of text: what happened, what to do, and what was heard. */
export function errorLines(error: unknown, about?: string): string[] {
  const prefix = about === undefined ? 'snapfs: ' : `snapfs: ${about}: `
  if (!(error instanceof SnapfsError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return [`${prefix}this is a defect in snapfs, please report it:`, stack]
  }
  return [
    `${prefix}${error.message}`,
    ...(error.hint === undefined ? [] : [`  ${error.hint}`]),
    ...error.details.map((detail) => `  | ${detail}`),
  ].map(printableSentence)
}

/** Lines for standard error. */
export function errorReport(error: unknown, form: 'text' | 'json', about?: string): string[] {
  if (form === 'text') return errorLines(error, about)
  const profile = about === undefined ? {} : { profile: about }
  return [JSON.stringify({ error: { ...profile, ...errorObject(error) } })]
}

export function errorObject(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof SnapfsError)) {
    const message = error instanceof Error ? error.message : String(error)
    return { code: 'DEFECT', exitCode: 1, message }
  }
  return {
    code: error.code,
    exitCode: exitCodeOf(error.code),
    message: error.message,
    hint: error.hint,
    details: error.details,
  }
}

/** An error that a reader of the mount met. The disk is the usual cause, so it is no defect of ours. */
export function servingErrorLine(error: unknown): string {
  return `snapfs: a question to the mount was answered with an error: ${printableSentence(messageOf(error))}`
}

/** The number a process that ends with this error ends with. */
export function exitCodeFor(error: unknown): number {
  return exitCodeOf(error instanceof SnapfsError ? error.code : 'DEFECT')
}
