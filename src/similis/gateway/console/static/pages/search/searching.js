// Runs searches: soon after a change, the newest alone, and page after page.

import { api, form, isAbort, path } from "../../api.js";
import { fields, hasQuery, MOST } from "./state.js";

const PAUSE = 150; // milliseconds in which further changes join a search

/** A mark of this name, in place of the one before: whoever measures finds the last search. */
export function mark(name) {
  performance.clearMarks(name);
  performance.mark(name);
}

/**
 * The searches of an instance: { now(), soon(), more() }.
 *
 * An answer is kept in state.found: { answer, matches, roundTrip, key }, key being what was asked.
 * onBegin, onFound(more), onError(error) are told of its course.
 */
export function searcher(name, state, { signal, onBegin, onFound, onError }) {
  let running = new AbortController();
  let timer = 0;
  signal.addEventListener("abort", stop);

  function stop() {
    clearTimeout(timer);
    running.abort();
  }

  async function ask(start) {
    const begun = performance.now();
    const answer = await api.post(path`/instances/${name}/search`, form(fields(state, start)), { signal: running.signal });
    return { answer, roundTrip: performance.now() - begun };
  }

  async function run(start) {
    stop();
    if (!hasQuery(state) || signal.aborted) return;
    running = new AbortController();
    const mine = running.signal;
    const key = keyOf(state);
    onBegin();
    try {
      const { answer, roundTrip } = await ask(start);
      if (mine.aborted) return;
      mark("similis:answer");
      take(answer, roundTrip, key, start);
    } catch (error) {
      if (!isAbort(error)) onError(error);
    }
  }

  function take(answer, roundTrip, key, start) {
    if (start) state.found.matches.push(...answer.matches);
    else state.found = { answer, matches: answer.matches, roundTrip, key };
    onFound(start);
  }

  return {
    now: () => run(0),
    soon() {
      clearTimeout(timer);
      timer = setTimeout(() => run(0), PAUSE);
    },
    /** The next page of what was found – or all anew, where something else is asked by now. */
    more: () => run(state.found.key === keyOf(state) ? state.found.matches.length : 0),
  };
}

/** What is asked, as a text: the same question need not be asked again. */
export function keyOf(state) {
  return JSON.stringify({ ...fields(state), file: state.stored ? null : state.picture?.url });
}

/** How many results are on the pages that follow. */
export const remaining = ({ answer, matches }) => Math.max(0, Math.min(answer.found, MOST) - matches.length);
