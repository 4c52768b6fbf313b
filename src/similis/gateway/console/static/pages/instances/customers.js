// Everything that the owner of an access key owns: to hand over, or to erase.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { messages } from "../../i18n.js";
import { again } from "../../router.js";
import { refreshInstances } from "../../session.js";
import { field, select } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";

const t = messages("customers", {
  en: {
    title: "Everything of one customer",
    what: "A customer is what an access key owns that is limited to instances: these, and the connections and keys that are for no others.",
    key: "Access key", choose: "Choose a key", none: "No access key is limited to instances.", of: "{id} · {role} · {instances}",
    admin: "admin", writer: "writer", reader: "reader",
    export: "Export as ZIP", "export.note": "All that is stored but features and secrets: pictures' keys and attributes, settings, tasks, audit events.",
    erase: "Erase for good …", "erase.title": "Erase everything of {id}?", "erase.do": "Erase", erased: "Everything of {id} is erased.",
    "erase.note": "This cannot be undone. Features, custom content and names in the audit log cannot be read any more, not even in copies.",
    instances: "Instances", connections: "Connections", keys: "Access keys", shared_connections: "Stay: connections shared with others", shared_keys: "Stay: keys that reach others",
  },
  zh: {
    title: "单个客户的全部数据",
    what: "客户由限定了实例的访问密钥界定：包括这些实例，以及仅用于这些实例的存储连接和密钥。",
    key: "访问密钥", choose: "请选择密钥", none: "没有限定实例的访问密钥。", of: "{id} · {role} · {instances}",
    admin: "管理员", writer: "写入者", reader: "读取者",
    export: "导出为 ZIP", "export.note": "除特征和密钥内容外的全部存储数据：图片主键与属性、设置、任务、审计事件。",
    erase: "永久删除…", "erase.title": "删除 {id} 的全部数据？", "erase.do": "删除", erased: "{id} 的全部数据已删除。",
    "erase.note": "此操作无法撤销。特征、自定义内容和审计日志中的名称将无法再读取，副本中的也不例外。",
    instances: "实例", connections: "存储连接", keys: "访问密钥", shared_connections: "保留：与他人共用的存储连接", shared_keys: "保留：可访问其他实例的密钥",
  },
});

const LISTS = ["instances", "connections", "keys", "shared_connections", "shared_keys"];

/** The part of the page: folded, for it is seldom needed; the keys are asked for when it is opened. */
export function customers(signal) {
  const place = h("div", {});
  const told = h("div", {});
  const opened = () => attempt(told, async () => {
    const { keys } = await api.get("/keys", { signal });
    show(place, chooser(keys.filter((key) => key.instances.length && !key.disabled), told, signal));
  });
  return h("details", { class: "card", ontoggle: (event) => { if (event.target.open) opened(); } },
    h("summary", {}, t("title")), h("p", { class: "note" }, t("what")), place, told);
}

function chooser(keys, told, signal) {
  if (!keys.length) return h("p", {}, t("none"));
  const plan = h("div", {});
  let asking = new AbortController();
  signal.addEventListener("abort", () => asking.abort());
  const words = ({ id, role, instances }) => t("of", { id, role: t(role), instances: instances.join(", ") });
  const choice = select([["", t("choose")], ...keys.map((key) => [key.id, words(key)])], {
    onchange: () => {
      asking.abort(); // what comes late would stand below another choice
      asking = new AbortController();
      show(plan);
      show(told);
      if (choice.value) attempt(told, async () => show(plan, await planned(choice.value, asking.signal)));
    },
  });
  return [field(t("key"), choice), plan];
}

async function planned(id, signal) {
  const owned = await api.get(path`/customers/${id}`, { signal });
  return [
    listed(owned),
    h("div", { class: "row" },
      h("a", { class: "button", href: path`/api/v1/customers/${id}/export`, download: "" }, icon("download"), t("export")),
      h("button", { class: "danger", type: "button", onclick: () => erase(id, owned) }, icon("trash"), t("erase"))),
    h("p", { class: "note" }, t("export.note"))];
}

function listed(owned) {
  const rows = LISTS.filter((name) => owned[name].length);
  return h("dl", { class: "facts" }, rows.map((name) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, owned[name].join(", ")))));
}

async function erase(id, owned) {
  const done = await ask({
    title: t("erase.title", { id }), body: [listed(owned), h("p", {}, t("erase.note"))], action: t("erase.do"), danger: true, typed: id,
    step: () => api.delete(path`/customers/${id}`),
  });
  if (!done) return;
  toast(t("erased", { id }));
  await refreshInstances();
  again();
}
