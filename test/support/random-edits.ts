/** Edits of a source as people, programs and backups of older files make them, for properties over histories. */
import { execa } from 'execa'
import fc from 'fast-check'
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'

/** Few, so that edits meet one another; odd to rsync, to a shell, to a terminal or to a pattern. */
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('d\n', '\u00e9', 'e\u0301', '-n', '#x', '*', '\\#012', ' '),
  },
)
/** Half of them at the top, so that what one edit moved another finds. */
const path = fc.oneof(
  fc.constantFrom('a', 'b', 'c'),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
)

export const anyEdit = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('write'), path, content: fc.constantFrom('1', '2') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('write at a fixed time'), path, content: name }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['symlink', 'pipe', 'remove', 'chmod', 'mkdir', 'acl', 'default acl'] as const),
        ...(['xattr', 'no xattr', 'owner', 'hole', 'touch'] as const),
      ),
      path,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('link', 'rename', 'copy'), path, to: path }),
  },
)
export type Edit = typeof anyEdit extends fc.Arbitrary<infer T> ? T : never

/**
 * Any steps, and now and then three that meet by chance too rarely: something is renamed, backed up, and copied back
 * to its old name.
 */
export function anySteps<T>(
  step: fc.Arbitrary<T>,
  backUp: T,
  length: { readonly maxLength: number; readonly size?: 'max' },
): fc.Arbitrary<(Edit | T)[]> {
  const comeback = fc
    .record({ path, to: path })
    .map((names): (Edit | T)[] => [
      { kind: 'rename', ...names },
      backUp,
      { kind: 'copy', path: names.to, to: names.path },
    ])
  const few = fc.oneof(
    { weight: 12, arbitrary: step.map((one) => [one]) },
    { weight: 1, arbitrary: comeback },
  )
  return fc.array(few, { minLength: 5, ...length }).map((steps) => steps.flat())
}

/** Does what is asked as far as it can be done there; a directory is not written to, and so on. */
export async function applyEdit(source: string, edit: Edit): Promise<void> {
  const target = `${source}/${edit.path}`
  await mkdir(target.replace(/\/[^/]*$/u, ''), { recursive: true })
  if ('to' in edit) {
    const to = `${source}/${edit.to}`
    if (edit.kind === 'link') await link(target, to)
    else if (edit.kind === 'rename') await rename(target, to)
    // With its times, to the nanosecond, and as a new file.
    else await execa('cp', ['-a', '--remove-destination', '-T', '--', target, to])
    return
  }
  // To open a pipe would wait for somebody at its other end.
  const isPipe = await lstat(target).then(
    (status) => status.isFIFO(),
    () => false,
  )
  if ('content' in edit) {
    if (isPipe) return
    await writeFile(target, edit.content)
    if (edit.kind !== 'write') await utimes(target, 1000, 1000)
    return
  }
  switch (edit.kind) {
    case 'symlink':
      return symlink(`to-${String(edit.path.length)}`, target)
    case 'pipe':
      await execa('mkfifo', ['--', target])
      return
    case 'remove':
      return rm(target, { recursive: true })
    case 'mkdir':
      await mkdir(target)
      return
    case 'chmod':
      return chmod(target, 0o750)
    case 'acl':
      await execa('setfacl', ['-m', 'u:1234:r', '--', target])
      return
    case 'default acl':
      await execa('setfacl', ['-d', '-m', 'u:1234:rx', '--', target])
      return
    case 'xattr':
      await execa('setfattr', ['-n', 'user.mark', '-v', edit.path, '--', target])
      return
    case 'no xattr':
      await execa('setfattr', ['-x', 'user.mark', '--', target])
      return
    case 'owner':
      return chown(target, 1234, 4321)
    case 'touch':
      return utimes(target, new Date(), new Date())
    case 'hole': {
      if (isPipe) return
      await using file = await open(target, 'w')
      await file.write('x', 256 * 1024)
    }
  }
}
