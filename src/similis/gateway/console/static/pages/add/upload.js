// Pictures on their way to an instance: a few at a time, in order, whichever page is shown.

import { ApiError, isAbort } from "../../api.js";
import { instance as known, refreshInstances } from "../../session.js";
import { toast } from "../../ui/feedback.js";
import { pause } from "../../ui/repeat.js";
import { delay, isOfPicture, send } from "./sending.js";
import { t } from "./words.js";

const AT_ONCE = 4;
const SHOWN = 8;
const WINDOW = 20_000; // milliseconds over which the rate is measured
const uploads = new Map();

/** One that is made anew by the same name is another instance. */
const keyOf = (instance) => JSON.stringify([instance, known(instance)?.created_at]);

/** What is, or was last, added to an instance from this window. */
export const uploadOf = (instance) => uploads.get(keyOf(instance));

/** Adds entries to what is under way, or begins anew. */
export function add(instance, entries, options) {
  const under = uploadOf(instance);
  const upload = under && !under.over ? under : new Upload(instance);
  uploads.set(keyOf(instance), upload);
  upload.add(entries.map((entry) => ({ ...entry, options })));
  return upload;
}

addEventListener("beforeunload", (event) => {
  if ([...uploads.values()].some((upload) => upload.unfinished)) event.preventDefault(); // the browser asks
});

/** Says "change" whenever something of it changed. States: running, waiting, stopped, cancelled, ended. */
class Upload extends EventTarget {
  state = "ended";
  error = null;
  total = 0;
  added = 0;
  replaced = 0;
  failures = [];
  duplicates = [];
  recent = [];
  watched = false;
  #pending = [];
  #sending = new Set();
  #moments = [];
  #leaving = new AbortController();
  #until = 0;

  constructor(instance) {
    super();
    this.instance = instance;
  }

  get over() { return this.state === "ended" || this.state === "cancelled"; }
  get under() { return this.state === "running" || this.state === "waiting"; }
  /** Whether something is lost with the window; not where the instance itself is gone. */
  get unfinished() { return this.under || (this.state === "stopped" && this.error.status !== 404); }
  get done() { return this.added + this.failures.length; }
  get left() { return this.total - this.done; }

  /** Pictures a second, lately; 0 while that is unknown. */
  get rate() {
    const [first] = this.#moments;
    const seconds = (performance.now() - first) / 1000;
    return this.#moments.length > 1 ? this.#moments.length / Math.max(seconds, 0.1) : 0;
  }

  get seconds() { return ((this.under ? performance.now() : this.ended) - this.begun) / 1000; }

  add(entries) {
    this.#pending.push(...entries);
    this.total += entries.length;
    if (!this.under) this.goOn();
    else this.#changed();
  }

  /** Tries what failed again, as is now wanted; what was cancelled stays so. */
  retry(options) {
    if (this.over) this.total -= this.#pending.splice(0).length;
    const entries = this.failures.map(({ entry }) => ({ ...entry, options }));
    this.total -= entries.length;
    this.failures = [];
    this.add(entries);
  }

  cancel() {
    this.#leave("cancelled");
  }

  async goOn() {
    this.begun = performance.now();
    this.#moments = [];
    this.#leaving = new AbortController();
    this.error = null;
    this.state = "running";
    this.#changed();
    const { signal } = this.#leaving;
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work(signal)));
    if (!signal.aborted) this.#end("ended");
  }

  async #work(signal) {
    while (this.#pending.length && !signal.aborted) {
      const entry = this.#pending.shift();
      this.#sending.add(entry);
      const [answer, error] = await this.#sent(entry, signal).then((told) => [told, null], (failed) => [null, failed]);
      if (signal.aborted) return; // the entry is among what is left already
      if (error && !(error instanceof ApiError && isOfPicture(error))) return this.#stop(error);
      this.#sending.delete(entry);
      if (error) this.failures.push({ entry, error });
      else this.#keep(entry, answer);
      this.#moments = [...this.#moments, performance.now()].filter((moment) => moment > performance.now() - WINDOW);
      this.#changed();
    }
  }

  /** Sends until there is an answer that will not change. */
  async #sent(entry, signal) {
    for (let tries = 0; ; tries += 1) {
      while (this.#until > performance.now() && !signal.aborted) await pause((this.#until - performance.now()) / 1000, signal);
      try {
        const answer = await send(this.instance, entry, signal);
        // Those that were on their way when another was told to wait do not end the waiting.
        if (this.state === "waiting" && this.#until <= performance.now()) this.state = "running";
        return answer;
      } catch (error) {
        const seconds = isAbort(error) || signal.aborted ? null : delay(error, tries);
        if (seconds === null) throw error;
        this.#wait(seconds);
      }
    }
  }

  /** All wait: what one was told holds for the others. */
  #wait(seconds) {
    this.#until = Math.max(this.#until, performance.now() + seconds * 1000);
    this.state = "waiting";
    this.#changed();
  }

  #keep(entry, answer) {
    this.added += 1;
    this.replaced += Number(answer.replaced);
    if (answer.duplicates.length) this.duplicates.push({ entry, keys: answer.duplicates });
    this.recent = [{ entry, answer }, ...this.recent].slice(0, SHOWN);
  }

  #stop(error) {
    this.error = error;
    this.#leave("stopped");
  }

  /** Ends before all is done; what is on its way counts as left. */
  #leave(state) {
    this.#pending.unshift(...this.#sending);
    this.#sending.clear();
    this.#leaving.abort();
    this.#end(state);
  }

  #end(state) {
    this.state = state;
    this.ended = performance.now();
    this.#changed();
    refreshInstances().catch(() => {}); // the figures of other pages; they ask again themselves
    if (!this.watched) toast(this.#news());
  }

  #news() {
    const values = { name: this.instance, count: this.added, failed: this.failures.length };
    if (this.state === "stopped") return t("stopped_elsewhere", values);
    return t(this.failures.length ? "ended_elsewhere_failed" : "ended_elsewhere", values);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
