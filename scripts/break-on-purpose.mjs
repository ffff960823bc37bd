#!/usr/bin/env node
/**
 * Shows that the tests can fail: breaks one safety property at a time, in a copy, and expects the test that
 * guards it to turn red.
 *
 *   node scripts/break-on-purpose.mjs [WORD]     only breakages whose title holds WORD
 *
 * Prints a line for each and exits 1 when a breakage went unnoticed, or no longer applies to the code.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BREAKAGES = [
  {
    title: 'a directory with other attributes is taken for unchanged',
    file: 'src/scan/directory-trail.ts',
    from: '${uid} ${gid} ${mtimeNs} ${ctimeNs} ${entries}',
    to: '${entries}',
    test: ['unit', 'directory-trail.test.ts', 'another ctime'],
  },
  {
    title: 'directories are not looked at when nothing else has changed',
    file: 'src/scan/prove-unchanged.ts',
    from: 'this.#present.trail().digest === this.#past.digest &&',
    to: 'this.#past.digest.length > 0 &&',
    test: ['unit', 'prove-unchanged.test.ts', 'the clock was set back'],
  },
  {
    title: 'a directory that changed just before its snapshot is believed',
    file: 'src/scan/prove-unchanged.ts',
    from: 'if (!isSettled(BigInt(trail.newestNs), header)) return undefined',
    to: 'void isSettled',
    test: ['integration', 'unchanged.test.ts', 'a directory alone changed'],
  },
  {
    title: 'a stored directory that was altered counts as what the source is',
    file: 'src/scan/prove-unchanged.ts',
    from: 'if (!isStoredDirectory(lookQuietly(lies), status, keeps)) return false',
    to: 'void isStoredDirectory',
    test: ['integration', 'unchanged.test.ts', 'a stored directory was altered'],
  },
  {
    title: 'a partial snapshot stands for the whole source',
    file: 'src/actions/find-unchanged.ts',
    from: "outcome === 'complete' &&",
    to: 'outcome !== undefined &&',
    test: ['integration', 'unchanged.test.ts', 'the snapshot is partial'],
  },
  {
    title: 'other exclude patterns are no reason for a snapshot',
    file: 'src/actions/find-unchanged.ts',
    from: 'if (!isDeepStrictEqual(rules, snapshot.manifest.filters)) return',
    to: 'void rules',
    test: ['integration', 'unchanged.test.ts', 'other patterns'],
  },
  {
    title: 'a run that is to read all files reads none',
    file: 'src/actions/find-unchanged.ts',
    from: "run.compareBy !== 'state'",
    to: 'run.compareBy === undefined',
    test: ['integration', 'unchanged.test.ts', 'all is to be read'],
  },
  {
    title: 'a snapshot takes the time of a record',
    file: 'src/actions/back-up.ts',
    from: '...verificationIdsIn(verified)',
    to: '',
    test: ['integration', 'unchanged.test.ts', 'a time is taken once'],
  },
  {
    title: 'a line that could not be written whole stays',
    file: 'src/repository/verification-log.ts',
    from: 'await file.truncate(end).catch(() => undefined)',
    to: 'void end',
    test: ['integration', 'unchanged.test.ts', 'a full disk'],
  },
  {
    title: 'a line is added to one that was cut off',
    file: 'src/repository/verification-log.ts',
    from: 'if (last !== -1) return start + last + 1',
    to: 'if (last !== -1) return start + bytesRead',
    test: ['integration', 'unchanged.test.ts', 'one cut off is mended'],
  },
  {
    title: 'a mount does not look at the record of the newest snapshot',
    file: 'src/catalog/disk-catalog.ts',
    from: 'newest?.id, record?.size, record?.ctimeNs]',
    to: 'newest?.id, record?.mode]',
    test: ['integration', 'unchanged.test.ts', 'a catalog that is open'],
  },
  {
    title: 'the last words of an engine are not waited for',
    file: 'src/start.ts',
    from: 'await drained(',
    to: 'void drained(',
    test: ['e2e', 'dry-run.test.ts', 'reads slowly'],
  },
  {
    title: 'what a pipe has not taken yet is dropped',
    file: 'src/main.ts',
    from: 'await Promise.race([flushed',
    to: 'void Promise.race([flushed',
    test: ['e2e', 'dry-run.test.ts', 'reads slowly'],
  },
  {
    title: 'what was renamed itself is linked without being compared',
    file: 'src/scan/find-moves.ts',
    from: "moves.set(newcomer, { from, stored, proof: isCertain ? 'state' : 'content' })",
    to: "moves.set(newcomer, { from, stored, proof: 'state' })",
    test: ['integration', 'moves.test.ts', 'the size and time it had'],
  },
  {
    title: 'a stored file stands for two of the source',
    file: 'src/scan/evidence.ts',
    from: 'return known === undefined || known === owner',
    to: 'return owner.length > 0',
    test: ['integration', 'moves.test.ts', 'the copy that took its name'],
  },
  {
    title: 'a copy is linked to the file that it is a copy of',
    file: 'src/scan/find-moves.ts',
    from: 'if (lookQuietly(joinPath(request.source, from)) !== undefined) continue',
    to: 'void lookQuietly',
    test: ['integration', 'moves.test.ts', 'a file that stayed'],
  },
  {
    title: 'a disk of the source that does not answer is waited for',
    file: 'src/watch/watch-engine.ts',
    from: 'if (watch.quietLooks >= limit) {',
    to: 'if (watch.quietLooks >= limit && this.#asked !== undefined) {',
    test: ['e2e', 'hang.test.ts', 'ends a backup after'],
  },
  {
    title: 'a signal waits for a disk that does not answer',
    file: 'src/watch/watch-engine.ts',
    from: 'this.#asked === undefined ? stallMs + ENDING_MS : PATIENCE_MS,',
    to: 'stallMs + ENDING_MS + (this.#asked === undefined ? 0 : PATIENCE_MS),',
    test: ['e2e', 'hang.test.ts', 'keep SIGTERM'],
  },
  {
    title: 'the engine goes on when the process that watches it is killed',
    file: 'src/watch/watch-engine.ts',
    from: "['--pdeathsig', 'KILL', task.program,",
    to: "['--no-new-privs', task.program,",
    test: ['e2e', 'hang.test.ts', 'kill -9'],
  },
  {
    title: 'an engine that cannot be ended keeps the pipe of whoever reads',
    file: 'src/start.ts',
    from: "status.isFIFO() || status.isSocket() ? 'pipe' : 'inherit'",
    to: "status.isFIFO() && status.isSocket() ? 'pipe' : 'inherit'",
    test: ['e2e', 'hang.test.ts', 'cannot be ended'],
  },
  {
    title: 'a scan gives no sign of life',
    file: 'src/scan/walk-source.ts',
    from: '  showLife()\n',
    to: '  void showLife\n',
    test: ['e2e', 'hang.test.ts', 'slow disk'],
  },
  {
    title: 'what a remote source could not be linked to is not counted',
    file: 'src/actions/confirm-by-counting.ts',
    from: 'if (unlinked <= 0) return []',
    to: 'if (unlinked >= 0) return []',
    test: ['e2e', 'remote-daemon.test.ts', 'stored inode'],
  },
  {
    title: 'a file without room for links is forgotten when a hard-linked group is settled',
    file: 'src/scan/scan-source.ts',
    from: 'const isSettled = new Set([...compared, ...copied])',
    to: 'const isSettled = new Set([...compared, ...this.crowded])',
    test: ['integration', 'link-limit.test.ts', 'no room for links'],
  },
  {
    title: 'names of one file come apart when one cannot be linked',
    file: 'src/actions/fill-by-scan.ts',
    from: '...scan.twinsOf(linking.refused)',
    to: '',
    test: ['integration', 'link-limit.test.ts', 'several names'],
  },
  {
    title: 'a repository that goes away in the middle is a defect',
    file: 'src/repository/storage-error.ts',
    from: 'throw (await wentAway(error, repository)) ?? storageError(error, repository)',
    to: 'throw void wentAway || storageError(error, repository)',
    test: ['integration', 'source-guards.test.ts', 'goes away'],
  },
  {
    title: 'a dry run copies from a remote source',
    file: 'src/rsync/arguments.ts',
    from: "...(request.dryRun ? ['--dry-run'] : []),",
    to: '',
    test: ['e2e', 'dry-run.test.ts', 'other rsync'],
  },
  {
    title: 'a dry run does not mind a shrunken source',
    file: 'src/actions/plan-local-transfer.ts',
    from: 'accepted.push(...guardAgainstShrink({ ...request, ...task }, scan))',
    to: 'void scan',
    test: ['integration', 'plan-backup.test.ts', 'refused as the backup'],
  },
  {
    title: 'a dry run makes the series',
    file: 'src/actions/plan-backup.ts',
    from: 'const startedMs = world.clock.now()',
    to: "const startedMs = world.clock.now(); await import('node:fs/promises').then((fs) => fs.mkdir(`${place.repository}/${place.profile}`, { recursive: true }))",
    test: ['integration', 'plan-backup.test.ts', 'first backup'],
  },
  {
    title: 'a source that shrank is copied',
    file: 'src/actions/guard-source.ts',
    from: 'if (!isAccepted) throw shrinkError(source, shrink)',
    to: 'void isAccepted',
    test: ['integration', 'source-guards.test.ts', 'shrank'],
  },
  {
    title: 'a partial snapshot makes a shrunken source look whole',
    file: 'src/actions/judge-shrink.ts',
    from: "manifest.outcome === 'complete' ||",
    to: "manifest.outcome !== 'complete' ||",
    test: ['unit', 'judge-shrink.test.ts'],
  },
  {
    title: 'a source whose disk is not mounted is copied',
    file: 'src/actions/guard-source.ts',
    from: "if (changedSource !== 'accept') throw diskError(source, change)",
    to: 'void changedSource',
    test: ['integration', 'source-guards.test.ts', 'not mounted'],
  },
  {
    title: 'another disk in the place of the one before is copied',
    file: 'src/actions/judge-disk.ts',
    from: "return past.root === now.root ? undefined : { what: 'another', ...change }",
    to: 'return undefined',
    test: ['unit', 'judge-disk.test.ts'],
  },
  {
    title: 'nobody is told of a clock that is behind',
    file: 'src/actions/back-up.ts',
    from: 'const remarks = remark === undefined ? [] : [remark]',
    to: 'const remarks: string[] = []\n  void remark',
    test: ['integration', 'backup.test.ts', 'id of its own'],
  },
  {
    title: 'an option of rsync that nobody knows is passed on',
    file: 'src/model/rsync-option.ts',
    from: "return reason === undefined ? 'is not known to be safe' :",
    to: 'return reason === undefined ? undefined! :',
    test: ['unit', 'rsync-option.test.ts'],
  },
  {
    title: 'an option without its value swallows the next word',
    file: 'src/model/rsync-option.ts',
    from: 'return value !== undefined && allowed.value.test(value)',
    to: 'return value === undefined || allowed.value.test(value)',
    test: ['unit', 'rsync-option.test.ts'],
  },
  {
    title: 'the scan enters what is mounted where rsync does not',
    file: 'src/scan/walk-source.ts',
    from: 'const names = isLeftOut ? [] : listNames',
    to: 'void isLeftOut\n    const names = listNames',
    test: ['integration', 'rsync-options.test.ts', 'mountpoints as empty'],
  },
  {
    title: 'a disk that is all but full is written to',
    file: 'src/actions/check-room.ts',
    from: 'if (shortage === undefined) return',
    to: 'if (shortage === undefined || place.profile !== "") return',
    test: ['integration', 'source-guards.test.ts', 'without the room'],
  },
  {
    title: 'what a killed run left keeps the disk too full for the next',
    file: 'src/actions/check-room.ts',
    from: 'if (names.length === 0) await',
    to: 'void names\n  await',
    test: ['integration', 'source-guards.test.ts', 'fills the disk'],
  },
  {
    title: 'rsync writes into the newest snapshot',
    file: 'src/actions/fill-by-scan.ts',
    from: 'destination: staged.copied, bases, filters: []',
    to: 'destination: run.snapshots.length === 0 ? staged.copied : `${run.place.repository}/${run.place.profile}/${run.snapshots.at(-1)!.id}/tree`, bases, filters: []',
    test: ['integration', 'backup.test.ts'],
  },
  {
    title: 'what only looks unchanged is left to the quick check of rsync',
    file: 'src/scan/scan-source.ts',
    from: '      this.suspects.push(path)\n      if (isFile',
    to: '      this.undecided.push(path)\n      if (isFile',
    test: ['integration', 'backup.test.ts', 'same size'],
  },
  {
    title: 'a recent ctime is no reason where inode numbers prove nothing',
    file: 'src/scan/evidence.ts',
    from: "if (isStable || !isOlder || compareBy === 'content') isSuspect = true",
    to: "if (isStable || compareBy === 'content') isSuspect = true",
    test: ['integration', 'scan-engine.test.ts', 'prove nothing'],
  },
  {
    title: 'the ctime is not looked at',
    file: 'src/scan/evidence.ts',
    from: 'was.changedNs === status.ctimeNs &&',
    to: '',
    test: ['integration', 'scan-engine.test.ts', 'new content'],
  },
  {
    title: 'the inode number is not looked at',
    file: 'src/scan/evidence.ts',
    from: 'was.changedNs === status.ctimeNs &&\n      this.isSameInode(entry, was, header) &&',
    to: '',
    test: ['integration', 'scan-engine.test.ts', 'changed places'],
  },
  {
    title: 'what changed as it was scanned is believed',
    file: 'src/scan/evidence.ts',
    from: 'isSettled(was.changedNs, header) &&',
    to: '(isSettled(was.changedNs, header) || true) &&',
    test: ['integration', 'scan-engine.test.ts', 'as it was scanned'],
  },
  {
    title: 'what an interrupted run copied after its last checkpoint is believed',
    file: 'src/scan/evidence.ts',
    from: 'isUnchanged && stored.changedNs < durableNs',
    to: 'isUnchanged && durableNs >= 0n',
    test: ['integration', 'go-on.test.ts', 'a power cut'],
  },
  {
    title: 'what an interrupted run copied is believed though it changed since',
    file: 'src/scan/evidence.ts',
    from: 'isCertain &&= isUnchanged && stored',
    to: 'isCertain &&= stored',
    test: ['integration', 'go-on.test.ts', 'changed since'],
  },
  {
    title: 'what an interrupted run copied is copied again',
    file: 'src/actions/prepare-bases.ts',
    from: 'const attempts = leftovers.flatMap(({ trees }) => trees)',
    to: 'const attempts: string[] = leftovers.flatMap(() => [])',
    test: ['integration', 'go-on.test.ts', 'is not copied again'],
  },
  {
    title: '--checksum believes what the system says',
    file: 'src/scan/unchanged.ts',
    from: "if (compareBy === 'content') {",
    to: "if (compareBy !== 'content' && this.#request.nowMs < 0) {",
    test: ['integration', 'compare-all.test.ts', 'an alarm'],
  },
  {
    title: 'files that are not linked are not noticed',
    file: 'src/actions/judge-linkage.ts',
    from: 'if (basisFiles === undefined || Math.min(basisFiles, files) < FILES_AT_LEAST) return []',
    to: 'if (basisFiles === undefined || files >= 0) return []',
    test: ['integration', 'compare-all.test.ts', 'are explained'],
  },
  {
    title: 'a damaged state is believed',
    file: 'src/scan/open-state.ts',
    from: 'digest?.equals(end.subarray(4)) !== true',
    to: 'digest?.length === 0',
    test: ['unit', 'source-state.test.ts'],
  },
  {
    title: 'the names of one file come apart',
    file: 'src/scan/hard-link-groups.ts',
    from: 'else if (inodes.size > 1 || ways.length > 1) compared.push(...linked, ...resumed)',
    to: '',
    test: ['integration', 'scan-engine.test.ts', 'has lost a name'],
  },
  {
    title: 'what was altered in a snapshot by hand is linked on',
    file: 'src/repository/link-block.ts',
    from: '      looksAsExpected(found, readExpected(expected, index), keeps)',
    to: '      (looksAsExpected(found, readExpected(expected, index), keeps) || true)',
    test: ['integration', 'scan-engine.test.ts', 'altered'],
  },
  {
    title: 'a file of several names that was altered in a snapshot by hand is linked on',
    file: 'src/scan/stored-entry.ts',
    from: 'if (stored === undefined || !looksAsExpected(stored, expectedOf(source), keeps)) return undefined',
    to: 'if (stored === undefined || (!looksAsExpected(stored, expectedOf(source), keeps) && false)) return undefined',
    test: ['integration', 'scan-engine.test.ts', 'altered'],
  },
  {
    title: 'what the second thread could not link is forgotten',
    file: 'src/repository/link-crew.ts',
    from: '    tally.altered.push(...altered)',
    to: '    if (altered.length < 0) tally.altered.push(...altered)',
    test: ['e2e', 'link-crew.test.ts', 'tells what it did not'],
  },
  {
    title: 'the failure of the second thread is not one of the run',
    file: 'src/repository/link-crew.ts',
    from: "    if (answer.kind === 'failed') {\n      this.#failure ??=",
    to: "    if (answer.kind === 'failed') {\n      if (answer.code === '') this.#failure ??=",
    test: ['e2e', 'link-crew.test.ts', 'fails as the file system does'],
  },
  {
    title: 'rsync copies into the tree that holds links',
    file: 'src/actions/fill-by-scan.ts',
    from: 'request: { ...common, destination: staged.copied, bases',
    to: 'request: { ...common, destination: staged.tree, bases',
    test: ['integration', 'scan-engine.test.ts'],
  },
  {
    title: 'directories keep the private mode they were made with',
    file: 'src/actions/fill-by-scan.ts',
    from: 'passes.push(await finishDirectories(run, common, scan.directories, { log, summary }))',
    to: 'if (run.source === "") passes.push(await finishDirectories(run, common, scan.directories, { log, summary }))',
    test: ['integration', 'scan-engine.test.ts', 'without a directory'],
  },
  {
    title: 'nobody looks whether the source stood still',
    file: 'src/scan/confirm-stored.ts',
    from: 'else if (moved) result.changed.push(path)',
    to: 'else if (moved) continue',
    test: ['integration', 'scan-engine.test.ts', 'after it was scanned'],
  },
  {
    title: 'a directory that became a link meanwhile is taken for whole',
    file: 'src/scan/confirm-stored.ts',
    from: 'else if (!now.isDirectory()) result.replaced.push(path)',
    to: '',
    test: ['integration', 'scan-engine.test.ts', 'a link to another place'],
  },
  {
    title: 'a file that became a directory meanwhile is taken for whole',
    file: 'src/scan/confirm-stored.ts',
    from: 'else if (stored.isDirectory()) result.replaced.push(path)',
    to: '',
    test: ['integration', 'scan-engine.test.ts', 'a directory now'],
  },
  {
    title: 'unchanged files are copied',
    file: 'src/rsync/arguments.ts',
    from: '--link-dest=${basis}',
    to: '--copy-dest=${basis}',
    test: ['integration', 'backup.test.ts', 'shares the inode'],
  },
  {
    title: 'the repository is not left out of its source',
    file: 'src/rsync/filter-rules.ts',
    from: 'const wild = holdsWildcard(pathBelowSource)',
    to: 'const wild = holdsWildcard(pathBelowSource) && false',
    test: ['integration', 'backup.test.ts', 'its own repository'],
  },
  {
    title: 'a filter rule is read otherwise than by rsync',
    file: 'src/filter/parse-pattern.ts',
    from: "if (text.startsWith('/') || text.startsWith('**'))",
    to: "if (text.startsWith('/'))",
    test: ['integration', 'filter.test.ts', 'what rsync keeps'],
  },
  {
    title: 'what is excluded is walked',
    file: 'src/scan/walk-source.ts',
    from: 'if (reason !== undefined) isThinned ||=',
    to: 'if (reason === undefined && names.length < 0) isThinned ||=',
    test: ['integration', 'filter.test.ts', 'the walk'],
  },
  {
    title: 'rsync copies what only the scan leaves out',
    file: 'src/actions/transfer-tree.ts',
    from: 'return scan.linkCount === 0 && !crew.hasBegun && !scan.isThinned',
    to: 'return scan.linkCount === 0 && !crew.hasBegun',
    test: ['integration', 'leave-out.test.ts', 'from the first snapshot on'],
  },
  {
    title: 'what is left out is copied when links have reached their limit',
    file: 'src/actions/fill-anew.ts',
    from: 'if (!scan.isThinned) {',
    to: 'if (!scan.isThinned || scan.isThinned) {',
    test: ['integration', 'leave-out.test.ts', 'copied anew'],
  },
  {
    title: 'the state of a source is lost when all is copied anew',
    file: 'src/repository/staged-snapshot.ts',
    from: 'for (const path of [...treesBeside(staged), staged.tree]) await removeTree(path)\n  await mkdir',
    to: 'for (const path of [...besideTheTree(staged), staged.tree]) await removeTree(path)\n  await mkdir',
    test: ['integration', 'leave-out.test.ts', 'copied anew'],
  },
  {
    title: 'an ignore file leaves out what a rule of the user keeps',
    file: 'src/scan/directory-filter.ts',
    from: '    if (rule === undefined) {\n',
    to: '    {\n',
    test: ['integration', 'filter.test.ts', 'what rsync keeps'],
  },
  {
    title: 'an ignore file that cannot be read is passed over in silence',
    file: 'src/scan/walk-source.ts',
    from: 'if (inside.disobeyed !== undefined) {',
    to: 'if (inside.disobeyed !== undefined && names.length < 0) {',
    test: ['integration', 'leave-out.test.ts', 'too long'],
  },
  {
    title: 'rsync is told to read ignore files of a local source',
    file: 'src/actions/transfer-tree.ts',
    from: 'filters: plainRules(skipped, run),',
    to: "filters: [...plainRules(skipped, run), ':- .snapfsignore'],",
    test: ['integration', 'leave-out.test.ts', 'FIFO'],
  },
  {
    title: 'other settings of what is left out are no reason for a snapshot',
    file: 'src/actions/find-unchanged.ts',
    from: 'isDeepStrictEqual(leaveOut, leaveOutOf(run.profile))',
    to: '(leaveOut === undefined || leaveOutOf(run.profile) !== undefined)',
    test: ['integration', 'unchanged.test.ts', 'for another reason'],
  },
  {
    title: 'what is left out from now on counts as lost',
    file: 'src/actions/judge-shrink.ts',
    from: 'return shrunken(past, countStillThere(past), maxShrink) === undefined',
    to: 'return countStillThere(past).entries < 0',
    test: ['integration', 'leave-out.test.ts', 'no shrinking'],
  },
  {
    title: 'a remote source is copied without what was to be left out of it',
    file: 'src/actions/open-profile.ts',
    from: 'if (settings.length === 0) return',
    to: 'if (settings.length >= 0) return',
    test: ['e2e', 'remote-ssh.test.ts', 'snapfsignore'],
  },
  {
    title: 'a stall is not noticed',
    file: 'src/watch/stall-watch.ts',
    from: 'hasMoved(last, look) ? 0 : quietLooks + 1',
    to: 'hasMoved(last, look) ? 0 : quietLooks',
    test: ['e2e', 'stall.test.ts', 'nothing moves is ended$'],
  },
  {
    title: 'an rsync that computes is taken for dead',
    file: 'src/watch/movement.ts',
    from: 'return cpuTicks >= LEAST_CPU_TICKS || ioBytes >= LEAST_IO_BYTES ||',
    to: 'return cpuTicks >= 1e9 * LEAST_CPU_TICKS || ioBytes >= LEAST_IO_BYTES ||',
    test: ['e2e', 'stall.test.ts', 'computes and says nothing'],
  },
  {
    title: 'a stopped process below rsync is not killed',
    file: 'src/watch/end-processes.ts',
    from: 'for (const process of [...more, ...(await readProcessTree(root))]) await killProcess(process)',
    to: 'for (const process of [...more, ...(await readProcessTree(root))].slice(0, 1)) {\n    await killProcess(process)\n  }',
    test: ['e2e', 'stall.test.ts', 'the last of them'],
  },
  {
    title: 'an unknown host key is accepted unseen',
    file: 'src/rsync/remote-source.ts',
    from: "'BatchMode=yes',",
    to: "'BatchMode=yes', 'StrictHostKeyChecking=no',",
    test: ['e2e', 'remote-ssh.test.ts', 'accepted unseen'],
  },
  {
    title: 'the name of a host may be an option',
    file: 'src/model/source-location.ts',
    from: '[A-Za-z0-9][A-Za-z0-9._-]{0,254}',
    to: '[A-Za-z0-9=._-]{1,254}',
    test: ['unit', 'source-location.test.ts'],
  },
  {
    title: 'a daemon or a remote shell expands the path of a source',
    file: 'src/rsync/remote-source.ts',
    from: 'String.raw`\\$&`',
    to: "'$&'",
    test: ['unit', 'remote-source.test.ts', 'wildcards'],
  },
  {
    title: 'a remote source that is suddenly empty is backed up',
    file: 'src/actions/look-at-remote.ts',
    from: 'const isEmpty = entries <= 1',
    to: 'const isEmpty = entries < 1',
    test: ['e2e', 'remote-ssh.test.ts', 'suddenly empty'],
  },
  {
    title: 'nobody counts what came from another machine',
    file: 'src/actions/confirm-by-counting.ts',
    from: 'const isWhole = lacking <= problemCount &&',
    to: 'const isWhole = lacking >= 0 || lacking <= problemCount ||',
    test: ['unit', 'confirm-by-counting.test.ts'],
  },
  {
    title: 'a password file may be read by others',
    file: 'src/actions/check-access.ts',
    from: '(mode & 0o077) === 0',
    to: '(mode & 0o077) >= 0',
    test: ['e2e', 'remote-daemon.test.ts', 'password from a file'],
  },
  {
    title: 'two runs may have one id',
    file: 'src/model/snapshot-id.ts',
    from: 'while (taken.has(snapshotIdAt(candidateMs))) candidateMs += 1000',
    to: 'void taken',
    test: ['integration', 'backup.test.ts', 'id of its own'],
  },
  {
    title: 'leftovers are chmod-ed before they are removed',
    file: 'src/repository/remove-tree.ts',
    from: 'else await unlink(systemPath(child))',
    to: 'else { await chmod(systemPath(child), 0o777); await unlink(systemPath(child)) }',
    test: ['integration', 'backup.test.ts', 'leftovers'],
  },
  {
    title: 'exit code 23 is success',
    file: 'src/rsync/outcome.ts',
    from: 'if (exitCode === 0 || exitCode === 24)',
    to: 'if (exitCode === 0 || exitCode === 23 || exitCode === 24)',
    test: ['unit', 'outcome.test.ts'],
  },
  {
    title: 'a disk that fails for a moment is taken for one without extended attributes',
    file: 'src/rsync/probe-xattrs.ts',
    from: 'if (end.messages.some((line) => REFUSAL.test(line))) return false',
    to: 'return false',
    test: ['unit', 'probe-xattrs.test.ts'],
  },
  {
    title: 'a link in a snapshot is followed',
    file: 'src/catalog/disk-catalog.ts',
    from: 'if (path.length > 0 && !this.#isDirectory(snapshot, path.slice(0, -1))) return undefined\n    return',
    to: 'return',
    test: ['integration', 'view-over-disk.test.ts'],
  },
  {
    title: 'a cache outlives its generation',
    file: 'src/catalog/cached-catalog.ts',
    from: 'this.#entries.clear()',
    to: 'void 0',
    test: ['unit', 'cached-catalog.test.ts'],
  },
  {
    title: 'a reused inode number is taken for the same file',
    file: 'src/model/entry.ts',
    from: ' && left.birthNs === right.birthNs',
    to: '',
    test: ['unit', 'fold-history.test.ts'],
  },
  {
    title: 'a directory of by-file opens what was closed',
    file: 'src/catalog/fold-history.ts',
    from: 'mode: known.mode & entry.mode',
    to: 'mode: known.mode | entry.mode',
    test: ['unit', 'view-over-memory.test.ts'],
  },
  {
    title: 'a made-up name hides a stored one',
    file: 'src/view/version-name.ts',
    from: 'for (let count = 2; isTaken(candidate); count += 1)',
    to: 'for (let count = 2; isTaken(candidate) && count < 2; count += 1)',
    test: ['unit', 'view-properties.test.ts'],
  },
  {
    title: 'names that are not UTF-8 are passed with losses',
    file: 'src/fuse/fuse-native/passed-name.ts',
    from: 'result += String.fromCodePoint(FIRST + (name.charCodeAt(index) & 0x7f))',
    to: "result += '\\ufffd'",
    test: ['unit', 'passed-name.test.ts'],
  },
  {
    title: 'a lock is broken by a process of another machine',
    file: 'src/repository/decide-lock.ts',
    from: "return isThisMachine ? dead('rebooted') : held('other-machine')",
    to: "return dead('rebooted')",
    test: ['unit', 'decide-lock.test.ts'],
  },
  {
    title: 'a lock is broken by a process of another container',
    file: 'src/repository/decide-lock.ts',
    from: "return held('other-container')",
    to: "return dead('ended')",
    test: ['unit', 'decide-lock.test.ts'],
  },
  {
    title: 'a lock is broken because /proc hides the process',
    file: 'src/repository/decide-lock.ts',
    from: "return held('hidden')",
    to: "return dead('ended')",
    test: ['unit', 'decide-lock.test.ts'],
  },
  {
    title: 'a process number that was given again keeps a lock alive',
    file: 'src/repository/decide-lock.ts',
    from: "? held('running') : dead('replaced')",
    to: "? held('running') : held('running')",
    test: ['integration', 'lock.test.ts', 'whose number'],
  },
  {
    title: 'two break one dead lock',
    file: 'src/repository/lock.ts',
    from: 'if (!(await linkUnlessThere(draft, claim))) return removeIfDead(claim, draft, lock)',
    to: 'await linkUnlessThere(draft, claim)',
    test: ['integration', 'lock.test.ts', 'is breaking another'],
  },
  {
    title: 'who breaks a dead lock does not look again',
    file: 'src/repository/lock.ts',
    from: "if (again.kind === 'dead' && lockIdentity(again.record) === identity) {",
    to: 'void again\n    {',
    test: ['integration', 'lock.test.ts', 'exactly one of many'],
  },
  {
    title: 'a lock is taken that does not say whose it is',
    file: 'src/repository/decide-lock.ts',
    from: "return { kind: 'unknown', because: reading.reason }",
    to: "return { kind: 'free' }",
    test: ['integration', 'lock.test.ts', 'not taken over when it is empty'],
  },
  {
    title: 'a lock of any size is read',
    file: 'src/repository/lock-record.ts',
    from: "if (status.size > LOCK_LIMIT_BYTES) return illegible('huge')\n    const buffer = Buffer.alloc(LOCK_LIMIT_BYTES)",
    to: 'const buffer = Buffer.alloc(status.size)',
    test: ['integration', 'lock.test.ts', 'a gigabyte'],
  },
  {
    title: 'a lock that is a link is followed',
    file: 'src/repository/lock-record.ts',
    from: ' | constants.O_NOFOLLOW',
    to: '',
    test: ['integration', 'lock.test.ts', 'when it is a link'],
  },
  {
    title: 'a wait does not listen to signals',
    file: 'src/actions/wait-for-lock.ts',
    from: 'throwIfInterrupted(signal)',
    to: 'void signal',
    test: ['unit', 'wait-for-lock.test.ts', 'the signal that was given'],
  },
  {
    title: 'a wait has no end',
    file: 'src/actions/wait-for-lock.ts',
    from: 'leftMs <= 0',
    to: 'limitMs <= 0',
    test: ['unit', 'wait-for-lock.test.ts', 'when its time is over'],
  },
  {
    title: 'a wait goes on for what nobody will remove',
    file: 'src/actions/wait-for-lock.ts',
    from: "return obstacle.because === 'forbidden'",
    to: 'return true',
    test: ['unit', 'wait-for-lock.test.ts', 'nobody will remove'],
  },
  {
    title: 'list takes what a living run stages for a leftover',
    file: 'src/actions/observe-series.ts',
    from: "case 'free':\n    case 'dead':",
    to: "case 'free':\n    case 'held':\n    case 'dead':",
    test: ['unit', 'observe-series.test.ts', 'a run that works'],
  },
  {
    title: 'list takes what a run published while it looked for a leftover',
    file: 'src/actions/observe-series.ts',
    from: '.filter((name) => stagedAfter.includes(name))',
    to: '.filter((name) => stagedAfter.includes(name) || true)',
    test: ['unit', 'observe-series.test.ts', 'ended while we looked'],
  },
  {
    title: 'a lock is given back that another has by now',
    file: 'src/repository/lock.ts',
    from: ' && lockIdentity(reading.record) === lockIdentity(mine)',
    to: '',
    test: ['integration', 'lock.test.ts', 'by now'],
  },
]

const project = fileURLToPath(new URL('..', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'snapfs-break-'))
let unnoticed = 0

try {
  for (const name of ['src', 'scripts', 'test', 'package.json', 'tsconfig.json', 'native-notes']) {
    cpSync(join(project, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'))
  for (const breakage of BREAKAGES) {
    if (!breakage.title.includes(process.argv[2] ?? '')) continue
    const verdict = tryBreakage(breakage)
    if (verdict !== 'noticed') unnoticed += 1
    process.stdout.write(`${verdict.padEnd(18)} ${breakage.title}\n`)
  }
} finally {
  execFileSync('chmod', ['-R', 'u+rwX', copy])
  rmSync(copy, { recursive: true, force: true })
}
process.exit(unnoticed === 0 ? 0 : 1)

function tryBreakage({ file, from, to, test: [tier, path, title] }) {
  const place = join(copy, file)
  const whole = readFileSync(place, 'utf8')
  if (!whole.includes(from)) return 'does not apply'
  writeFileSync(
    place,
    whole.replace(from, () => to),
  )
  try {
    const words = ['run', '--config', 'test/vitest.config.ts', '--project', tier, path]
    if (title !== undefined) words.push('-t', title)
    const result = spawnSync(join(copy, 'node_modules/.bin/vitest'), words, {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    if (result.status === 0) return 'NOT NOTICED'
    return /Tests .*\d+ failed/u.test(result.stdout) ? 'noticed' : 'did not run'
  } finally {
    writeFileSync(place, whole)
  }
}
