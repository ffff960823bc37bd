/** What the threads of a mount tell each other. */
import type { MessagePort } from 'node:worker_threads'
import type { SourcePlace, ViewRecipe } from '../../view/open-views.ts'
import type { Feature, Wishes } from './agreement.ts'
import type { PushedFile } from './read-answers.ts'

/** What the serving thread begins with. */
export interface ServingTask extends Wishes {
  readonly recipe: ViewRecipe
  readonly without: readonly Feature[]
  /** Another one for every mount. */
  readonly generation: number
  /** To the thread that tells the kernel what it has not asked. */
  readonly teller: MessagePort
  /** For `Overtaken`, with that thread. */
  readonly overtaken: SharedArrayBuffer
}

/** To the serving thread: the device, open. It answers no other message while it serves. */
export interface ServingStart {
  readonly device: number
}

/** From the serving thread. */
export type ServingNews =
  | { readonly kind: 'ready'; readonly sources: Readonly<Record<string, SourcePlace>> }
  | { readonly kind: 'serving' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: PassedError }
  /** A reader was told of an error. */
  | { readonly kind: 'reported'; readonly error: PassedError }

/** What is left of an error on its way between threads. */
export interface PassedError {
  readonly message: string
  readonly code: string | undefined
}

/** To the telling thread. */
export type TellerWork =
  | { readonly kind: 'start'; readonly device: number; readonly mountpoint: string }
  /** Messages for the kernel, one after the other. */
  | { readonly kind: 'notices'; readonly bytes: Uint8Array }
  | { readonly kind: 'push'; readonly files: readonly PushedFile[] }
  /** There may be news: whoever serves is to look. */
  | { readonly kind: 'look' }
