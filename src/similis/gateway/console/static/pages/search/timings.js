// Where the time of a search went: a thin bar, and the same in words.

import { h } from "../../dom.js";
import { milliseconds } from "../../format.js";
import { t } from "./words.js";

const KNOWN = new Set(["decode", "backbone", "subject", "category", "features", "vote", "search", "rest"]);
const LEAST = 0.05; // milliseconds; less is not worth a line

/** The stages of an answer, and what of the round trip was none of the service's. */
function stagesOf({ answer, roundTrip }) {
  const stages = Object.entries(answer.milliseconds);
  const served = stages.reduce((sum, [, spent]) => sum + spent, 0);
  return [...stages, ["rest", Math.max(0, roundTrip - served)]].filter(([, spent]) => spent >= LEAST);
}

const nameOf = (stage) => (KNOWN.has(stage) ? t(`stage.${stage}`) : stage);

/** The bar, which unfolds into a list. */
export function timings(found) {
  const stages = stagesOf(found);
  const all = stages.reduce((sum, [, spent]) => sum + spent, 0);
  return h("details", { class: "timings" },
    h("summary", {}, t("took", { time: milliseconds(found.roundTrip) }),
      h("span", { class: "stages", "aria-hidden": "true" }, stages.map(([, spent], index) =>
        h("span", { class: `stage-${index % 4}`, style: { width: `${(100 * spent) / all}%` } })))),
    h("dl", { "aria-label": t("stages") }, stages.map(([stage, spent], index) => h("div", {},
      h("dt", {}, h("span", { class: `swatch stage-${index % 4}`, "aria-hidden": "true" }), nameOf(stage)), h("dd", {}, milliseconds(spent))))));
}
