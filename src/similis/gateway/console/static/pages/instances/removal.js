// The end of an instance.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { messages } from "../../i18n.js";
import { go } from "../../router.js";
import { refreshInstances } from "../../session.js";
import { card } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";

const t = messages("removal", {
  en: {
    title: "Delete this instance", what: "All it holds goes with it, and its key is destroyed, so that copies of the data are useless, too. Access keys and connections that are for no other instance go, too. This cannot be undone.",
    delete: "Delete {name} …", "delete.title": "Delete {name} for good?", "delete.do": "Delete for good", deleted: "{name} is deleted.",
  },
  zh: {
    title: "删除此实例", what: "其中的所有内容会一并删除，密钥会被销毁，数据的副本也随之失效。仅用于此实例的访问密钥和存储连接也会移除。此操作无法撤销。",
    delete: "删除 {name}…", "delete.title": "永久删除 {name}？", "delete.do": "永久删除", deleted: "已删除 {name}。",
  },
});

/** The part of the page. */
export function removal({ name }) {
  const remove = async () => {
    const step = () => api.delete(path`/instances/${name}`);
    const done = await ask({ title: t("delete.title", { name }), body: h("p", {}, t("what")), action: t("delete.do"), danger: true, typed: name, step });
    if (!done) return;
    await refreshInstances();
    go("instances");
    toast(t("deleted", { name }));
  };
  return card(t("title"), h("p", { class: "note" }, t("what")),
    h("button", { class: "danger", type: "button", onclick: remove }, icon("trash"), t("delete", { name })));
}
