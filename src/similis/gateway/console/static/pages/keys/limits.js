// Limits of an access key: what is shown of them, and the form that sets and changes them.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { number } from "../../format.js";
import { field } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { t } from "./words.js";

const NAMES = ["qps", "pictures_per_day", "max_body"];
const RANGES = {
  qps: { min: 0.01, max: 100_000, step: "any" },
  pictures_per_day: { min: 1, max: 1_000_000_000, step: 1 },
  max_body: { min: 65_536, max: 8_388_608, step: 1 },
};

/** In words, one a line. */
export function limits(key) {
  const set = NAMES.filter((name) => key[name] !== null);
  return set.length
    ? h("div", {}, set.map((name) => h("div", {}, t(`${name}.limit`, { most: number(key[name], 2) }))))
    : t("unlimited");
}

/** The fields, and what they hold; empty ones set no limit. */
export function limitFields(key = {}) {
  const inputs = NAMES.map((name) => h("input", { type: "number", ...RANGES[name], value: key[name] ?? "" }));
  return {
    elements: NAMES.map((name, place) => field(t(name), inputs[place], t(`${name}.note`))),
    value: () => Object.fromEntries(NAMES.map((name, place) => [name, inputs[place].value ? inputs[place].valueAsNumber : null])),
  };
}

/** Asks for other limits; says whether they were changed. */
export function changeLimits(key) {
  const form = limitFields(key);
  return ask({
    title: t("limits.title"), action: t("limits.save"),
    body: h("div", {}, h("p", {}, t("limits.text", { id: key.id })), form.elements),
    step: () => api.patch(path`/keys/${key.id}`, form.value()),
  });
}
