// Checks a connection, step by step.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { instances } from "../../session.js";
import { field, select } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { icon } from "../../ui/icons.js";
import { t } from "./words.js";

/** A dialog that checks as often as is wanted. */
export function checkConnection({ name, provider, bucket }) {
  const inputs = {
    bucket: h("input", { autocomplete: "off", spellcheck: "false" }),
    path: h("input", { value: "/", autocomplete: "off", spellcheck: "false" }),
    instance: select([["", t("any.instance")], ...instances().map((each) => [each.name, each.name])], { value: "" }),
  };
  const result = h("div", { role: "status" });
  const step = async () => {
    show(result);
    const form = Object.fromEntries(Object.entries(inputs).map(([key, each]) => [key, each.value.trim()]).filter(([, value]) => value));
    show(result, steps(await api.post(path`/connections/${name}/check`, form)));
    return false; // the dialog stays
  };
  return ask({
    title: t("check.title", { name }), action: t("check"), leave: t("leave"), step, leavable: true,
    body: h("div", {}, h("p", { class: "note" }, t("check.what")),
      bucket ? null : field(t(provider === "file" ? "folder" : "bucket"), inputs.bucket),
      field(t("path"), inputs.path, t("path.note")), field(t("instance"), inputs.instance), result),
  });
}

const steps = ({ good, checks }) => [
  h("p", {}, h("strong", {}, t(good ? "good" : "bad"))),
  h("ol", { class: "checks" }, checks.map((each) => h("li", { class: each.good ? "good" : "bad" },
    icon(each.good ? "check" : "warning"),
    h("div", {}, h("strong", {}, `${t(`step.${each.step}`)}: ${t(each.good ? "step.good" : "step.bad")}`), h("p", { class: "note", lang: "en" }, each.message))))),
];
