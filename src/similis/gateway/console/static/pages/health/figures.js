// What the figures show: small charts of the last minutes, and calls since the start.

import { h } from "../../dom.js";
import { bytes, milliseconds, number } from "../../format.js";
import { lineChart } from "../../ui/chart.js";
import { card, table } from "../../ui/controls.js";
import { between, KINDS, longest, quantile } from "./metrics.js";
import { t } from "./words.js";

const KEPT = 300; // seconds
const MINUTE = 60; // seconds over which times are told

/** Readings over time: { add(reading), charts(), calls() }. */
export function history() {
  let readings = [];
  let points = [];
  return {
    add(reading) {
      const now = { ...reading, at: performance.now() / 1000 };
      readings = since(now.at - KEPT, readings);
      points = since(now.at - KEPT, points);
      if (readings.length) points.push(point(readings, now));
      readings.push(now);
    },
    charts: () => charts(points),
    calls: () => calls(readings.at(-1)),
  };
}

const since = (moment, kept) => kept.filter(({ at }) => at > moment);

function point(readings, now) {
  const before = readings.at(-1);
  const seconds = Math.max(now.at - before.at, 0.001);
  const lately = KINDS.map((kind) => between(before.kinds[kind], now.kinds[kind]));
  const sum = (name) => lately.reduce((total, each) => total + each[name], 0);
  const [first] = [...since(now.at - MINUTE, readings), before];
  const minute = between(first.kinds.search, now.kinds.search);
  return {
    at: now.at,
    rate: sum("calls") / seconds,
    errors: (sum("refused") + sum("broken")) / seconds,
    p95: capped(minute, quantile(minute, 0.95)),
    memory: now.process.memory,
    processors: Math.max(0, now.process.cpu - before.process.cpu) / seconds,
  };
}

const capped = (kind, seconds) => (seconds === Infinity ? longest(kind) : seconds);

function charts(points) {
  const line = (name, format) => lineChart(t(name), points.map((each) => [each.at, each[name] ?? 0]), format);
  const last = points.at(-1);
  return h("div", { class: "charts" },
    line("rate", (value) => number(value, 1)),
    line("errors", (value) => number(value, 1)),
    line("p95", (value) => (value ? milliseconds(value * 1000) : t("none"))),
    last?.memory === undefined ? null : line("memory", bytes), // exported on Linux only
    Number.isFinite(last?.processors) ? line("processors", (value) => number(value, 2)) : null);
}

function calls({ kinds }) {
  const heads = ["kind", "number", "failed", "broken", "half", "most"].map((each) => t(each));
  const rows = KINDS.map((name) => {
    const kind = kinds[name];
    return [t(name), number(kind.calls), number(kind.refused), number(kind.broken), time(kind, 0.5), time(kind, 0.95)];
  });
  return card(t("calls"), table(t("calls"), heads, rows, { stacks: true }), h("p", { class: "note" }, t("calls.note")));
}

function time(kind, share) {
  const seconds = quantile(kind, share);
  if (seconds === null) return t("none");
  return seconds === Infinity ? t("above", { time: milliseconds(longest(kind) * 1000) }) : milliseconds(seconds * 1000);
}
