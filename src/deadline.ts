// Waiting no longer than a given time. What is not waited for any more goes on by itself: this ends the waiting, not the work.

/** What `work` resolves to, or after `ms` the error that `late` makes. A rejection of work that comes later is nobody's concern. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), ms);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
