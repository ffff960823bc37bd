/**
 * Answers the kernel: takes a request as bytes, and leaves the reply as bytes. Knows nothing of where they come from, so
 * that a test can ask it. Synchronous, and it never throws: what a view throws becomes an errno, and is reported.
 */
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { EINVAL, ENOSYS, ENOTDIR, EPROTO, EROFS, errnoOf, ESTALE } from '../errno.ts'
import { type Agreed, agreeOn } from './agreement.ts'
import { AttributeAnswers } from './attribute-answers.ts'
import { decodeRequest, type Forgotten, type Question, type Request } from './decode-request.ts'
import { Reply, writeHeader, writeInit, writeSpace } from './encode-reply.ts'
import { EntryAnswers } from './entry-answers.ts'
import { ListingAnswers } from './listing-answers.ts'
import { isBelow, nameNotices, newsFor } from './news.ts'
import type { Known } from './known-node.ts'
import { NodeTable } from './node-table.ts'
import { OUT_HEADER_BYTES } from './protocol.ts'
import { PushAhead } from './push-ahead.ts'
import { ReadAnswers } from './read-answers.ts'
import type { ServerHost, ServerOptions } from './server-host.ts'

/** The largest read, or listing. */
const REPLY_LIMIT_BYTES = 1024 * 1024

/** Why the kernel is not agreed with. */
const TOO_OLD = 'it is older than Linux 5.4'
const NO_PASSTHROUGH =
  'it passes no files through, as Linux can from 6.9 on, where it is built with CONFIG_FUSE_PASSTHROUGH'

/** A reply is as long as this says, or an error when it is negative; undefined when none is awaited. */
type Answer = number | undefined

export class KernelServer<Node extends object> {
  /** Where `answer` leaves the reply. */
  readonly reply = new Reply(OUT_HEADER_BYTES + REPLY_LIMIT_BYTES)
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #host: ServerHost
  readonly #options: ServerOptions
  readonly #table: NodeTable<Node>
  readonly #entries: EntryAnswers<Node>
  readonly #listings: ListingAnswers<Node>
  readonly #reads: ReadAnswers<Node>
  readonly #attributes: AttributeAnswers<Node>
  readonly #ahead: PushAhead<Node>
  /** Who was told all names of a directory with the last reply. */
  #listed: { readonly directory: Known<Node>; readonly process: number } | undefined
  #generation: number
  /** Whether something is new or gone that the kernel was not told. */
  #owesNews = false
  #agreed: Agreed | undefined
  #refusal: string | undefined
  /** Removed snapshots whose readers have yet to be looked after. */
  #gone: readonly Known<Node>[] = []
  /** Files that are in no snapshot any more, and may be in use. */
  #leaving: readonly Known<Node>[] = []

  constructor(fileSystem: VirtualFileSystem<Node>, host: ServerHost, options: ServerOptions) {
    this.#fileSystem = fileSystem
    this.#host = host
    this.#options = options
    this.#generation = fileSystem.refresh()
    const table = new NodeTable(fileSystem)
    this.#table = table
    this.#entries = new EntryAnswers(fileSystem, table, this.reply, {
      generation: options.generation,
      onLookedUp: (known) => this.#reads.hold(known),
    })
    this.#listings = new ListingAnswers(fileSystem, table, this.reply, this.#entries, {
      notify: host.notify,
      look: host.look,
      elapsed: () => host.elapsed(),
    })
    this.#reads = new ReadAnswers(fileSystem, table, this.reply, host)
    this.#ahead = new PushAhead(fileSystem, table, host)
    this.#attributes = new AttributeAnswers(
      fileSystem,
      this.reply,
      host.stored,
      options.accessLists,
    )
  }

  /** What was agreed upon with the kernel; undefined before it has asked for anything. */
  get agreed(): Agreed | undefined {
    return this.#agreed
  }

  /** Why nothing was agreed upon, though the kernel has asked; words for a sentence. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /** How many nodes the kernel knows. */
  get knownNodes(): number {
    return this.#table.size
  }

  /**
   * Leaves the reply to a request in `reply`.
   * @returns its length in bytes; 0 when none is awaited
   */
  answer(bytes: Buffer): number {
    const request = decodeRequest(bytes)
    if (request === undefined) return 0
    this.#table.begin()
    const answer = this.#settle(request)
    if (answer === undefined) return 0
    const length = answer < 0 ? OUT_HEADER_BYTES : answer
    writeHeader(this.reply, request, Math.min(answer, 0), length)
    return length
  }

  /** The last reply was sent: what will most likely be asked for next is looked at, or sent. Never throws. */
  rest(): void {
    const listed = this.#listed
    this.#listed = undefined
    try {
      if (listed !== undefined) this.#ahead.noteListed(listed.directory, listed.process)
    } catch (error) {
      this.#host.report(error)
    }
    try {
      this.#listings.rest()
    } catch {
      // Whoever asks for it is told what is wrong, and nobody may.
    }
  }

  /** The last reply reached nobody: who asked was interrupted. */
  takeBack(): void {
    this.#listed = undefined
    for (const known of this.#table.takeBack()) this.#reads.close(known)
  }

  #settle(request: Request): Answer {
    try {
      return this.#answerTo(request)
    } catch (error) {
      this.#host.report(error)
      return errnoOf(error)
    }
  }

  #answerTo(request: Request): Answer {
    const { question } = request
    switch (question.kind) {
      case 'forget':
        this.#forget(question.forgotten)
        return undefined
      case 'interrupt':
        return undefined
      case 'init':
        return this.#begin(question)
      case 'destroy':
        return OUT_HEADER_BYTES
      case 'writing':
        return EROFS
      case 'malformed':
        return EINVAL
      case 'unknown':
        return ENOSYS
      case 'statfs':
        // The mount asks this itself, too, when there is news.
        this.#look()
        return writeSpace(this.reply, OUT_HEADER_BYTES, this.#fileSystem.space())
      case 'release':
        this.#reads.release(question.handle)
        return OUT_HEADER_BYTES
      case 'releasedir':
        return OUT_HEADER_BYTES
      default:
        return this.#answerOf(request, question)
    }
  }

  /** Questions for a node. */
  #answerOf(request: Request, question: Question): Answer {
    const known = this.#table.byId(request.node)
    if (known === undefined) return ESTALE
    if (known.isChanging) this.#look()
    // What is open is read although what led to it is gone.
    if (question.kind === 'read') {
      const length = this.#reads.read(known, question)
      if (length > 0) this.#ahead.noteRead(known, request.process)
      return length
    }
    if (question.kind === 'lseek') return this.#reads.seek(known, question)
    const node = this.#table.nodeOf(known)
    if (node === undefined) return ESTALE
    switch (question.kind) {
      case 'lookup':
        return this.#entries.lookUp(known, node, question.name)
      case 'getattr':
        return this.#entries.attributes(node)
      case 'statx':
        return this.#entries.status(node)
      case 'readdir':
        return this.#list(known, node, question, request)
      case 'opendir':
        if (known.kind !== 'directory') return ENOTDIR
        return this.#agreed?.withoutOpendir === true ? ENOSYS : this.#listings.open(node)
      case 'readlink':
        return this.#attributes.linkTarget(node)
      case 'getxattr':
        return this.#attributes.value(node, question.name, question.size)
      case 'listxattr':
        return this.#attributes.names(node, question.size)
      case 'open':
        return this.#agreed?.withoutOpen === true
          ? ENOSYS
          : this.#reads.open(known, node, question.flags)
      default:
        return ENOSYS
    }
  }

  #list(
    known: Known<Node>,
    node: Node,
    question: Extract<Question, { readonly kind: 'readdir' }>,
    request: Request,
  ): Answer {
    const { process } = request
    const length = this.#listings.list(known, node, { ...question, process })
    const isEnd = length === OUT_HEADER_BYTES && question.offset > 0
    if (this.#listings.isWhole) this.#listed = { directory: known, process }
    return isEnd && this.#ahead.noteEnd(known, request) ? undefined : length
  }

  #begin(offer: Extract<Question, { readonly kind: 'init' }>): Answer {
    const agreed = agreeOn(offer, this.#options, this.#options.without)
    if (agreed === undefined || (this.#options.passthrough && !agreed.passthrough)) {
      this.#refusal = agreed === undefined ? TOO_OLD : NO_PASSTHROUGH
      return EPROTO
    }
    this.#agreed = agreed
    this.#entries.canExpire = agreed.canExpire
    return writeInit(this.reply, OUT_HEADER_BYTES, agreed)
  }

  #forget(forgotten: readonly Forgotten[]): void {
    for (const { node, count } of forgotten) {
      const known = this.#table.forget(node, count)
      if (known !== undefined) this.#reads.close(known)
    }
  }

  /** Looks for what is new or gone, and tells the kernel what it may not believe any more. */
  #look(): void {
    if (this.#gone.length > 0) this.#holdOpen()
    if (this.#leaving.length > 0 && !this.#host.isTelling()) this.#takeNames()
    const generation = this.#fileSystem.refresh()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#table.doubt()
      this.#listings.doubt()
      this.#owesNews = true
    }
    // Else more would gather than can be told. Whoever tells asks again when he has done so, and what has changed by then is told.
    if (!this.#owesNews || this.#agreed === undefined || this.#host.isTelling()) return
    this.#owesNews = false
    const { notices, gone, leaving } = newsFor(this.#fileSystem, this.#table, this.#agreed)
    this.#gone = gone
    this.#leaving = leaving
    if (notices.length > 0) this.#host.notify(notices)
  }

  /**
   * The kernel was told to forget removed snapshots, and has forgotten all but what is in use. That is opened now, before
   * the last name of it goes.
   */
  #holdOpen(): void {
    const gone = new Set(this.#gone)
    this.#gone = []
    for (const known of this.#table.all()) {
      if (known.open === undefined && isBelow(known, gone)) this.#reads.hold(known)
    }
  }

  /** The kernel has forgotten what is not in use. The rest has to lose its names, or it would be remembered afterwards. */
  #takeNames(): void {
    const inUse = this.#leaving.filter((known) => this.#table.byId(known.id) === known)
    this.#leaving = []
    const notices = nameNotices(inUse)
    if (notices.length > 0) this.#host.notify(notices)
  }
}
