// Small charts in SVG, described in words for those who cannot see them.

import { h, svg } from "../dom.js";

const WIDTH = 240;
const HEIGHT = 56;

/** A line of values over time with its last value beside it: name, points [moment, value], format(value). */
export function lineChart(name, points, format) {
  const most = Math.max(...points.map(([, value]) => value), 0) || 1;
  const [begun, end] = [points.at(0)?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  const across = (moment) => (WIDTH * (moment - begun)) / (end - begun || 1);
  const line = points.map(([moment, value]) => `${across(moment).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1)}`);
  const last = points.length ? format(points.at(-1)[1]) : "–";
  return h("figure", { class: "chart" },
    h("figcaption", {}, h("span", {}, name), h("strong", {}, last)),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${name}: ${last}; ≤ ${format(most)}`, preserveAspectRatio: "none" },
      svg("path", { class: "area", d: line.length ? `M0,${HEIGHT} L${line.join(" L")} L${WIDTH},${HEIGHT} Z` : "" }),
      svg("polyline", { class: "line", points: line.join(" ") })));
}

/** Bars with their names: rows are [name, value, text]. */
export function bars(rows) {
  const most = Math.max(...rows.map(([, value]) => value), 0) || 1;
  return h("dl", { class: "bars" }, rows.map(([name, value, text]) => h("div", {},
    h("dt", {}, name),
    h("dd", {}, h("span", { class: "bar", style: { width: `${(100 * value) / most}%` } }), h("span", {}, text)))));
}
