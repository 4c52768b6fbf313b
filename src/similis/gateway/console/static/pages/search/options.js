// How many results, how good at least, one a product.

import { h, uniqueId } from "../../dom.js";
import { score } from "../../format.js";
import { field, tick } from "../../ui/controls.js";
import { t } from "./words.js";

const MOST = 100;

/** The part: { element, update() }; onChange follows a change, which is then in the state. */
export function optionsPart(state, kind, onChange) {
  const least = leastScore(state, kind, onChange);
  return {
    element: [least.element, h("div", { class: "part row numbers" }, number(state, onChange),
      tick(t("distinct"), { checked: state.distinct, onchange: (event) => { state.distinct = event.target.checked; onChange(); } }))],
    update: least.update,
  };
}

function leastScore(state, kind, onChange) {
  const id = uniqueId("score");
  const slider = h("input", {
    id, type: "range", min: 0, max: 1, step: 0.01, value: String(state.minScore), "aria-describedby": `${id}-meaning`,
    oninput: () => {
      state.minScore = Number(slider.value);
      update();
      onChange();
    },
  });
  const value = h("output", { for: id });
  const mark = h("span", { class: "threshold", "aria-hidden": "true" });
  const meaning = h("p", { class: "note", id: `${id}-meaning` });

  function update() {
    const threshold = state.found?.answer.threshold;
    slider.value = String(state.minScore);
    value.textContent = score(state.minScore);
    mark.hidden = threshold === undefined;
    if (threshold !== undefined) {
      mark.style.left = `calc(.5rem + (100% - 1rem) * ${threshold})`; // as the thumb goes
      mark.textContent = t("threshold", { threshold: score(threshold) });
      mark.classList.toggle("right", threshold > 0.5);
    }
    meaning.textContent = meaningOf(state.minScore, threshold, kind);
  }

  update();
  const element = h("div", { class: "part" }, h("h3", { class: "spread" }, h("label", { for: id }, t("score")), value),
    h("div", { class: "scale" }, slider, mark), meaning);
  return { element, update };
}

/** The slider's place in words. */
function meaningOf(least, threshold, kind) {
  const place = least === 0 ? t("score.zero") : threshold === undefined ? "" : t(least < threshold ? "score.below" : "score.above");
  const what = threshold === undefined ? "" : t(`score.${kind}`, { threshold: score(threshold) });
  return `${place} ${what}`.trim();
}

function number(state, onChange) {
  const wrong = h("p", { class: "note wrong", role: "alert" });
  const input = h("input", {
    type: "number", min: 1, max: MOST, step: 1, inputmode: "numeric", value: String(state.num),
    oninput: () => {
      const given = Number(input.value);
      const right = Number.isInteger(given) && given >= 1 && given <= MOST;
      input.setAttribute("aria-invalid", String(!right));
      wrong.textContent = right ? "" : t("num.wrong");
      if (!right) return;
      state.num = given;
      onChange();
    },
  });
  return h("div", { class: "num" }, field(t("num"), input), wrong);
}
