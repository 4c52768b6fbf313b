// Conditions in rows: field, operator, value.

import { h, show } from "../../dom.js";
import { select } from "../../ui/controls.js";
import { icon } from "../../ui/icons.js";
import { FIELDS, isList, isNumber, operatorsOf, rowsOf } from "./filter_text.js";
import { t } from "./words.js";

const same = (values) => values.map((value) => [value, value]);
const row = () => ({ field: FIELDS[0], operator: "=", value: "" });

/** The rows: { element, read(text) }; onChange gets { rows, join } after each change made here. */
export function conditionRows(text, onChange) {
  const element = h("div", { class: "conditions" });
  let rows;
  let join;

  /** Follows an expression that was written freely. */
  function read(next) {
    const found = rowsOf(next);
    ({ rows, join } = found ?? { rows: null, join: "AND" });
    draw();
  }

  function draw() {
    if (!rows) return show(element, h("p", { class: "note" }, t("filter.free")));
    return show(element, rows.length > 1 ? joiner() : null, rows.map(condition),
      h("button", { class: "quiet add", type: "button", onclick: add }, icon("plus"), t("filter.add")));
  }

  const changed = () => onChange({ rows, join });

  function add() {
    rows.push(row());
    draw();
    element.querySelector(".condition:last-of-type select")?.focus();
  }

  function remove(index) {
    rows.splice(index, 1);
    draw();
    (element.querySelectorAll(".condition .remove")[Math.max(0, index - 1)] ?? element.querySelector(".add")).focus();
    changed();
  }

  function joiner() {
    const choice = select([["AND", t("filter.all")], ["OR", t("filter.any")]], {
      value: join, "aria-label": t("filter.join"),
      onchange: () => {
        join = choice.value;
        changed();
      },
    });
    return choice;
  }

  function condition(each, index) {
    const set = (values) => {
      Object.assign(each, values);
      changed();
    };
    const fieldChoice = select(same(FIELDS), {
      value: each.field, "aria-label": t("filter.field"),
      onchange: () => {
        each.field = fieldChoice.value;
        if (!operatorsOf(each.field).includes(each.operator)) each.operator = "=";
        draw();
        element.querySelectorAll(".condition")[index].querySelector("select").focus();
        changed();
      },
    });
    const operatorChoice = select(same(operatorsOf(each.field)), {
      value: each.operator, "aria-label": t("filter.operator"),
      onchange: () => {
        value.placeholder = placeholderOf(operatorChoice.value);
        set({ operator: operatorChoice.value });
      },
    });
    const value = h("input", {
      value: each.value, autocomplete: "off", spellcheck: "false", "aria-label": t("filter.value"), placeholder: placeholderOf(each.operator),
      inputmode: isNumber(each.field) && !isList(each.operator) ? "numeric" : null, oninput: () => set({ value: value.value }),
    });
    return h("div", { class: "condition", role: "group", "aria-label": t("filter.row", { number: index + 1 }) }, fieldChoice, operatorChoice, value,
      h("button", { class: "quiet remove", type: "button", "aria-label": t("filter.drop", { number: index + 1 }), onclick: () => remove(index) }, icon("close")));
  }

  read(text);
  return { element, read };
}

const placeholderOf = (operator) => t(isList(operator) ? "filter.values" : "filter.value");
