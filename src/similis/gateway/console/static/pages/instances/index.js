// All instances that the key reaches, and new ones.

import { h, show as fill } from "../../dom.js";
import { dateTime } from "../../format.js";
import { messages } from "../../i18n.js";
import { address, go } from "../../router.js";
import { can, instances, reachesAll, refreshInstances } from "../../session.js";
import { badge } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { icon } from "../../ui/icons.js";
import { capacityBar } from "./capacity.js";
import { customers } from "./customers.js";
import { instanceForm } from "./form.js";

const t = messages("instances", {
  en: {
    what: "An instance is a collection of pictures that are searched together.", new: "New instance", create: "Create",
    none: "No instance yet.",
    generic: "generic", product: "product",
    index: "Index", model: "Model", created: "Created", search: "Search", manage: "Manage", "search.in": "Search in {name}", "manage.one": "Manage {name}",
    tuned: "tuned",
  },
  zh: {
    what: "实例是一组可一起搜索的图片。", new: "新建实例", create: "创建",
    none: "还没有实例。",
    generic: "通用", product: "商品",
    index: "索引", model: "模型", created: "创建时间", search: "搜索", manage: "管理", "search.in": "在 {name} 中搜索", "manage.one": "管理 {name}",
    tuned: "已调优",
  },
});

/** Draws the page; see router.js. */
export async function show(main, { signal }) {
  const list = h("div", {});
  const makes = can("admin") && reachesAll();
  main.append(
    h("div", { class: "row between" }, h("p", { class: "note" }, t("what")),
      makes ? h("button", { class: "primary", type: "button", onclick: newInstance }, icon("plus"), t("new")) : null),
    list);
  await refreshInstances({ signal });
  fill(list, instances().length ? h("ul", { class: "instances" }, instances().map(tile)) : h("p", { class: "card" }, t("none")));
  if (makes) main.append(customers(signal));
}

function tile(instance) {
  const { name, type, picture_count: count, capacity, tuning } = instance;
  return h("li", { class: "card" },
    h("div", { class: "row between" },
      h("h2", {}, h("a", { href: address("instance", name) }, name)),
      h("span", { class: "row tight" }, tuning?.adopted ? badge(t("tuned"), "good") : null, badge(t(type)))),
    capacityBar(count, capacity),
    facts(instance),
    h("div", { class: "row tight" },
      h("a", { class: "button", href: address("search", name), "aria-label": t("search.in", { name }) }, icon("search"), t("search")),
      h("a", { class: "button quiet", href: address("instance", name), "aria-label": t("manage.one", { name }) }, icon("tune"), t("manage"))));
}

function facts({ index, model, created_at: created }) {
  const rows = [["index", index], ["model", model], ["created", dateTime(created)]];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value))));
}

async function newInstance() {
  const fields = instanceForm();
  let made = "";
  const done = await ask({ title: t("new"), body: fields.element, action: t("create"), step: async () => { made = await fields.create(); } });
  if (done) go("add", made);
}
