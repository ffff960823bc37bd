/** For what another process does in its own time. */

/** Repeats an expectation until it holds; after a limit its failure is the test's. */
export async function eventually<T>(expectation: () => Promise<T>, limitMs = 5000): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    try {
      return await expectation()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Asks until the answer is yes. */
export async function untilYes(
  what: string,
  limitMs: number,
  ask: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
