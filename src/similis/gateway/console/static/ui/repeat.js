// Steps that are repeated while a page is shown.

/**
 * Repeats a step until the page is left: the step gives the seconds to wait, or null to end.
 * It rests while nobody sees the page.
 */
export async function repeat(step, signal) {
  while (!signal.aborted) {
    await seen(signal);
    const seconds = signal.aborted ? null : await step();
    if (seconds === null) return;
    await pause(seconds, signal);
  }
}

/** Waits for some seconds, or until the signal aborts. */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end); // a page may be left open for days
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener("abort", end);
  });
}

function seen(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      document.removeEventListener("visibilitychange", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end);
  });
}
