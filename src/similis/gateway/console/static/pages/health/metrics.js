// Figures for Prometheus, read by the page: counts and times by kind of call, and what the service takes.

export const KINDS = ["search", "add", "other", "cloud"];

const OWN = { process_resident_memory_bytes: "memory", process_cpu_seconds_total: "cpu", process_start_time_seconds: "start" };
const CHILDREN = { similis_child_resident_memory_bytes: "memory", similis_child_cpu_seconds_total: "cpu" };

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:\\.|[^"\\])*)"/g;

function* samples(text) {
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name) yield { name, labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key, told]) => [key, told])), value: Number(value) };
  }
}

/** The kind of a call; null for pages, their files and what operators ask, as this page does. */
function kindOf({ method, route }) {
  if (route.startsWith("/api/v1/")) {
    if (method === "POST" && route.endsWith("/search")) return "search";
    return method === "POST" && route.endsWith("/pictures") ? "add" : "other";
  }
  return (route === "/" && method === "POST") || route.startsWith("/v2/image/") ? "cloud" : null;
}

const empty = () => ({ calls: 0, refused: 0, broken: 0, buckets: new Map() });

/**
 * What the text says: { kinds: { search: { calls, refused, broken, buckets } … }, process: { memory, cpu, start } }, counted since the start.
 * Memory and time are of the service's own process, if they are told, and of those that it started.
 */
export function read(text) {
  const kinds = Object.fromEntries(KINDS.map((kind) => [kind, empty()]));
  const process = {};
  const children = { memory: 0, cpu: 0 };
  for (const { name, labels, value } of samples(text)) {
    if (name in OWN) process[OWN[name]] = value;
    if (name in CHILDREN) children[CHILDREN[name]] = value;
    const kind = "route" in labels ? kinds[kindOf(labels)] : null;
    if (kind) count(kind, name, labels, value);
  }
  for (const each of Object.keys(children)) if (each in process) process[each] += children[each];
  return { kinds, process };
}

function count(kind, name, { status, le }, value) {
  if (name === "similis_requests_total") {
    kind.calls += value;
    if (status >= "500" || status === "0") kind.broken += value;
    else if (status >= "400") kind.refused += value;
  } else if (name === "similis_request_seconds_bucket" && status < "400") {
    const upTo = le === "+Inf" ? Infinity : Number(le);
    kind.buckets.set(upTo, (kind.buckets.get(upTo) ?? 0) + value);
  }
}

/** What came between two readings of one kind. A service that was started anew counts from zero. */
export function between(earlier, later) {
  if (later.calls < earlier.calls) return later;
  const buckets = new Map([...later.buckets].map(([upTo, value]) => [upTo, value - (earlier.buckets.get(upTo) ?? 0)]));
  return { calls: later.calls - earlier.calls, refused: later.refused - earlier.refused, broken: later.broken - earlier.broken, buckets };
}

/** The time in seconds within which a share of the answered calls were, as Prometheus works it out; null without calls. */
export function quantile({ buckets }, share) {
  const bounds = [...buckets].sort(([one], [other]) => one - other);
  const all = bounds.at(-1)?.[1] ?? 0;
  if (!all) return null;
  const wanted = share * all;
  let [below, passed] = [0, 0];
  for (const [upTo, value] of bounds) {
    if (value >= wanted) return upTo === Infinity ? Infinity : below + ((upTo - below) * (wanted - passed)) / (value - passed);
    [below, passed] = [upTo, value];
  }
  return null;
}

/** The longest time that is told from longer ones. */
export const longest = ({ buckets }) => Math.max(...[...buckets.keys()].filter((upTo) => upTo !== Infinity), 0);
