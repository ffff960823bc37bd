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
