// What a tuning did on products that it was not learned from, in words and as a small picture.

import { h, svg } from "../../dom.js";
import { dateTime, number, percent } from "../../format.js";
import { messages } from "../../i18n.js";
import { badge } from "../../ui/controls.js";

const t = messages("tuning_report", {
  en: {
    used: "In use", unused: "Not in use",
    "is.used": "Searches use it: products that it was not learned from are found better with it.",
    "would.help": "It would help: products that it was not learned from are found better with it. Nothing was changed.",
    "no.help": "It does not surely help: nothing was changed.",
    basis: "Learned from {pictures} pictures of {products} products; {queries} searches tried it. {when}",
    ten: "Right among the ten best", best: "Best match right", before: "before", after: "after",
    gain: "The gain is {low} to {high} points, with 95 % certainty.", same: "no change",
  },
  zh: {
    used: "使用中", unused: "未使用",
    "is.used": "搜索正在使用调优：未参与学习的商品用它能找得更准。",
    "would.help": "会有帮助：未参与学习的商品用它能找得更准。此次未做任何更改。",
    "no.help": "不能确定有帮助：未做任何更改。",
    basis: "从 {products} 个商品的 {pictures} 张图片中学习，以 {queries} 次搜索检验。{when}",
    ten: "前十个结果中正确的比例", best: "首个结果正确的比例", before: "调优前", after: "调优后",
    gain: "提升幅度为 {low} 至 {high} 个百分点（95 % 置信度）。", same: "无变化",
  },
});

/** The report. */
export function tuningReport(report) {
  return [
    h("p", { class: "row tight" }, report.adopted ? badge(t("used"), "good") : badge(t("unused")), h("span", { class: "grow" }, t(verdict(report)))),
    comparison(t("best"), report.recall_before, report.recall_after),
    comparison(t("ten"), report.precision_before, report.precision_after),
    interval(report),
    h("p", { class: "note" }, t("basis", {
      pictures: number(report.pictures), products: number(report.products), queries: number(report.queries), when: dateTime(report.tuned_at),
    })),
  ];
}

function verdict({ adopted, reason }) {
  if (adopted) return "is.used";
  return reason.startsWith("Would be adopted") ? "would.help" : "no.help"; // all that tells a trial run that would help
}

function comparison(name, before, after) {
  const row = (term, share, kind) => h("div", {},
    h("dt", {}, t(term)),
    h("dd", {}, h("span", { class: "track" }, h("span", { class: kind, style: { width: `${100 * share}%` } })), percent(share, 1)));
  return h("div", { class: "comparison" }, h("h3", {}, name), h("dl", {}, row("before", before, "was"), row("after", after, "is")));
}

const WIDTH = 240;
const points = (share) => `${share > 0 ? "+" : share < 0 ? "−" : ""}${number(Math.abs(100 * share), 1)}`;

/** The interval of the gain, beside the line of no change. */
function interval({ gain_low: low, gain_high: high }) {
  const most = Math.max(Math.abs(low), Math.abs(high), 0.01) * 1.25;
  const at = (share) => (WIDTH / 2) * (1 + share / most);
  const words = t("gain", { low: points(low), high: points(high) });
  return h("figure", { class: "interval" },
    svg("svg", { viewBox: `0 0 ${WIDTH} 40`, role: "img", "aria-label": words },
      svg("path", { class: "axis", d: `M0,14H${WIDTH}` }),
      svg("path", { class: "zero", d: `M${WIDTH / 2},2V26` }),
      svg("path", { class: low > 0 ? "range good" : "range", d: `M${at(low).toFixed(1)},14H${at(high).toFixed(1)}` }),
      svg("circle", { class: "middle", cx: at((low + high) / 2).toFixed(1), cy: 14, r: 3.5 }),
      svg("text", { x: WIDTH / 2, y: 37, "text-anchor": "middle" }, t("same"))),
    h("figcaption", { class: "note" }, words));
}
