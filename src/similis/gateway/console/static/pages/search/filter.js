// The filter: conditions in rows, the expression that they make – which can be written freely –, and what is wrong with it.

import { api, isAbort } from "../../api.js";
import { h, show } from "../../dom.js";
import { field } from "../../ui/controls.js";
import { errorBox } from "../../ui/feedback.js";
import { conditionRows } from "./filter_rows.js";
import { textOf } from "./filter_text.js";
import { t } from "./words.js";

const PAUSE = 400; // milliseconds without a key before the service is asked

/** The part: { element, update(), refuse(error) }; onChange follows an expression that can be read. */
export function filterPart(state, signal, onChange) {
  const input = h("textarea", { rows: 2, spellcheck: "false", autocomplete: "off", class: "code", value: state.filter, oninput: () => written(input.value) });
  const told = h("div", { "aria-live": "polite" });
  const rows = conditionRows(state.filter, ({ rows: conditions, join }) => {
    input.value = textOf(conditions, join);
    changed(input.value);
  });
  const element = h("details", { class: "part", open: Boolean(state.filter) },
    h("summary", {}, h("h3", {}, t("filter"))), rows.element, field(t("filter.text"), input, t("filter.note")), told);
  let timer = 0;
  let asking = new AbortController();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asking.abort();
  });

  function written(text) {
    rows.read(text);
    changed(text);
  }

  function changed(text) {
    clearTimeout(timer);
    asking.abort();
    if (text.trim() === state.filter.trim()) return settle(text, null);
    timer = setTimeout(() => check(text), PAUSE);
  }

  async function check(text) {
    asking = new AbortController();
    try {
      if (text.trim()) await api.post("/filters/check", { expression: text }, { signal: asking.signal });
      settle(text, null);
    } catch (error) {
      if (isAbort(error)) return;
      if (isOfExpression(error)) settle(text, error);
      else use(text); // nobody knows whether it can be read: the search will tell
    }
  }

  function settle(text, error) {
    tell(text, error);
    if (!error && text.trim() !== state.filter.trim()) use(text);
  }

  function use(text) {
    state.filter = text;
    onChange();
  }

  function tell(text, error) {
    if (error) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (error) show(told, pointedAt(text, error), errorBox(error), state.found ? h("p", { class: "note" }, t("filter.kept")) : null);
    else show(told, text.trim() ? h("p", { class: "note" }, t("filter.good")) : null);
  }

  return {
    element,
    /** The expression as the state has it now. */
    update() {
      input.value = state.filter;
      written(state.filter);
    },
    /** Shows what the service said of the expression. */
    refuse(error) {
      element.open = true;
      tell(state.filter, error);
    },
  };
}

/** Whether an error is about the expression itself, not about who asks or about the service. */
const isOfExpression = ({ status }) => [400, 413, 422].includes(status);

/** The expression with the place marked where the service could not go on. */
function pointedAt(text, error) {
  const place = /at character (\d+)/.exec(error.message ?? "");
  if (!place) return null;
  const at = Number(place[1]) - 1;
  return h("pre", { class: "pointed", "aria-hidden": "true" }, text.slice(0, at), h("mark", {}, text.slice(at, at + 1) || " "), text.slice(at + 1));
}
