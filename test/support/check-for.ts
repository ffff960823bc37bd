import fc from 'fast-check'

/** So long a failure is made smaller. The test must be given more beyond the seconds it checks. */
export const SHRINKING_SECONDS = 60

/**
 * Checks a property with ever new values for so many seconds. Not by an interruption of fast-check, which would leave the
 * last run to itself; and a test that is cut off while a failure is made smaller would leave its files behind, so after
 * a minute what is smallest by then is reported.
 */
export async function checkFor<Value>(
  seconds: number,
  values: fc.Arbitrary<Value>,
  check: (value: Value) => Promise<void>,
): Promise<void> {
  let giveUp = Infinity
  const property = fc.asyncProperty(values, async (value) => {
    // As far as fast-check knows, nothing smaller fails.
    if (performance.now() > giveUp) return
    try {
      await check(value)
    } catch (error) {
      giveUp = Math.min(giveUp, performance.now() + SHRINKING_SECONDS * 1000)
      throw error
    }
  })
  const end = performance.now() + seconds * 1000
  do await fc.assert(property, { numRuns: 2 })
  while (performance.now() < end)
}
