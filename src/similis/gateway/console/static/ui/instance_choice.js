// Which instances something is for: all of them, or some.

import { h } from "../dom.js";
import { messages } from "../i18n.js";
import { instances } from "../session.js";
import { field, select, tick } from "./controls.js";

const t = messages("instance_choice", {
  en: { instances: "Instances", all: "All, later ones too", some: "Only some", which: "Which", needed: "Tick at least one instance." },
  zh: { instances: "实例", all: "全部（包括以后新建的）", some: "仅指定实例", which: "指定实例", needed: "请至少选择一个实例。" },
});

/** The choice: { element, value() }, where an empty list means all. */
export function instanceChoice(note) {
  const mode = select([["all", t("all")], ["some", t("some")]], { value: "all" });
  const ticks = instances().map(({ name }) => tick(name, { value: name }));
  const boxes = ticks.map((each) => each.control);
  const list = h("fieldset", { class: "plain ticks", hidden: true }, h("legend", {}, t("which")), ticks);
  const chosen = () => (mode.value === "all" ? [] : boxes.filter((box) => box.checked).map((box) => box.value));
  const element = h("div", { oninput: () => {
    list.hidden = mode.value === "all";
    boxes[0]?.setCustomValidity(mode.value === "some" && !chosen().length ? t("needed") : "");
  } }, boxes.length ? [field(t("instances"), mode, note), list] : null);
  return { element, value: chosen };
}
