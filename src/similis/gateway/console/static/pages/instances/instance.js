// One instance: its figures for everybody, what can be done with it for those who may.

import { h, show as fill } from "../../dom.js";
import { bytes, dateTime, number } from "../../format.js";
import { messages } from "../../i18n.js";
import { address } from "../../router.js";
import { can, instance as known, refreshInstances } from "../../session.js";
import { badge } from "../../ui/controls.js";
import { icon } from "../../ui/icons.js";
import { capacityBar } from "./capacity.js";
import { duplicates } from "./duplicates.js";
import { pictures } from "./pictures.js";
import { removal } from "./removal.js";
import { settings } from "./settings.js";
import { tuning } from "./tuning.js";
import { upkeep } from "./upkeep.js";

const t = messages("instance", {
  en: {
    generic: "generic", product: "product", tuned: "tuned", search: "Search", add: "Add pictures",
    index: "Index", model: "Model", dimension: "Dimensions", region: "Region", created: "Created",
    retention: "Pictures kept", days: "{days} days", ever: "for ever", qps: "Calls a second", limit: "at most {qps}", body: "Size of a call", "body.limit": "at most {size}", unlimited: "no limit",
    url: "Picture URL", nowhere: "nowhere",
  },
  zh: {
    generic: "通用", product: "商品", tuned: "已调优", search: "搜索", add: "添加图片",
    index: "索引", model: "模型", dimension: "特征维数", region: "地域", created: "创建时间",
    retention: "图片保留", days: "{days} 天", ever: "永久", qps: "每秒调用次数", limit: "最多 {qps} 次", body: "每次调用大小", "body.limit": "最多 {size}", unlimited: "不限",
    url: "图片 URL", nowhere: "未设置",
  },
});

/** Draws the page; see router.js. */
export async function show(main, { instance: name, signal }) {
  const figures = h("section", { class: "card", "aria-label": name });
  const draw = () => fill(figures, overview(known(name)));
  const page = {
    name, signal,
    /** To be called when something of the instance has changed. */
    async changed() {
      await refreshInstances({ signal });
      if (known(name)) draw();
    },
  };
  main.append(figures);
  await refreshInstances({ signal });
  draw();
  main.append(h("div", { class: "columns wide" }, parts(page)), can("admin") ? removal(page) : "");
}

/** What the role of the key leaves to do. */
function parts(page) {
  if (!can("writer")) return [tuning(page)];
  if (!can("admin")) return [h("div", {}, tuning(page), pictures(page)), duplicates(page)];
  return [h("div", {}, settings(page), tuning(page)), h("div", {}, duplicates(page), pictures(page), upkeep(page))];
}

function overview(instance) {
  const { name, type, picture_count: count, capacity, tuning: tuned } = instance;
  return [
    h("div", { class: "row between" },
      h("h2", { class: "name" }, name),
      h("span", { class: "row tight" }, tuned?.adopted ? badge(t("tuned"), "good") : null, badge(t(type)))),
    capacityBar(count, capacity),
    h("dl", { class: "facts many" }, facts(instance).map(([term, value]) => h("div", {}, h("dt", {}, t(term)), h("dd", {}, value)))),
    h("div", { class: "row tight" },
      h("a", { class: "button", href: address("search", name) }, icon("search"), t("search")),
      can("writer") ? h("a", { class: "button", href: address("add", name) }, icon("upload"), t("add")) : null),
  ];
}

function facts({ index, model, dimension, region, created_at: created, retention_days: days, qps, max_body: body, picture_url: url }) {
  return [
    ["index", index], ["model", model], ["dimension", number(dimension)], ["region", region], ["created", dateTime(created)],
    ["retention", days ? t("days", { days: number(days) }) : t("ever")],
    ["qps", qps ? t("limit", { qps: number(qps, 2) }) : t("unlimited")],
    ["body", body ? t("body.limit", { size: bytes(body) }) : t("unlimited")],
    ["url", url ?? t("nowhere")],
  ];
}
