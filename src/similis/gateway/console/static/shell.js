// The frame around every page: where one is, where one can go, who is signed in.

import { h, uniqueId } from "./dom.js";
import { messages } from "./i18n.js";
import { choices } from "./preferences.js";
import { address, go, OF_INSTANCE } from "./router.js";
import { current, instances, mayOpen } from "./session.js";
import { icon } from "./ui/icons.js";

const t = messages("shell", {
  en: {
    skip: "Skip to the page", menu: "Menu", pages: "Pages", instance: "Instance", none: "No instance yet",
    welcome: "Welcome", search: "Search", add: "Add pictures", "instance.page": "This instance", tasks: "Import and export",
    instances: "Instances", keys: "Access keys", connections: "Connections", health: "Health",
    service: "Service", api: "API reference", out: "Sign out", role: "Signed in as {role}",
    admin: "admin", writer: "writer", reader: "reader",
    closed: "Your access key may not use this page. Sign in with one that has more rights.",
  },
  zh: {
    skip: "跳到页面内容", menu: "菜单", pages: "页面", instance: "实例", none: "还没有实例",
    welcome: "欢迎", search: "搜索", add: "添加图片", "instance.page": "当前实例", tasks: "导入与导出",
    instances: "实例列表", keys: "访问密钥", connections: "存储连接", health: "运行状况",
    service: "服务", api: "API 参考", out: "退出登录", role: "登录身份：{role}",
    admin: "管理员", writer: "写入者", reader: "读取者",
    closed: "您的访问密钥无权使用此页面，请使用权限更高的密钥登录。",
  },
});

const ICONS = {
  welcome: "spark", search: "search", add: "upload", instance: "box", tasks: "transfer",
  instances: "boxes", keys: "key", connections: "plug", health: "pulse",
};
const name = (page) => t(page === "instance" ? "instance.page" : page);

/** Pages that the key may see. */
function pages() {
  const own = ["search", "add", "instance", "tasks"].filter(mayOpen);
  const service = ["instances", "connections", "keys", "health"].filter(mayOpen);
  return { own: instances().length ? own : ["welcome"], service };
}

function link(page, here, instance) {
  return h("li", {}, h("a", {
    href: address(page, OF_INSTANCE.includes(page) ? instance : ""),
    "aria-current": page === here ? "page" : null,
  }, icon(ICONS[page]), name(page)));
}

function picker(page, chosen) {
  if (!instances().length) return h("p", { class: "note" }, t("none"));
  const id = uniqueId("instance");
  const select = h("select", {
    id, "data-choice": "instance", value: chosen || instances()[0].name,
    onchange: () => go(OF_INSTANCE.includes(page) ? page : "search", select.value),
  }, instances().map((each) => h("option", { value: each.name }, each.name)));
  return [h("label", { for: id }, t("instance")), select];
}

function navigation(here, instance) {
  const { own, service } = pages();
  return h("nav", { "aria-label": t("pages"), id: "navigation" },
    h("div", { class: "picker" }, picker(here, instance)),
    h("ul", {}, own.map((page) => link(page, here, instance))),
    h("h2", { class: "small" }, t("service")),
    h("ul", {}, service.map((page) => link(page, here, instance)),
      h("li", {}, h("a", { href: "/docs" }, icon("book"), t("api")))));
}

function account(redraw, onSignOut) {
  const { role, key_id: id } = current();
  return h("div", { class: "account" },
    choices(redraw),
    h("span", { class: "who", title: id }, t("role", { role: t(role) })),
    h("button", { class: "quiet", type: "button", onclick: onSignOut }, icon("leave"), t("out")));
}

/** The frame: { body, main, title }; the page draws into `main`, behind its heading. */
export function frame({ page, instance, redraw, onSignOut }) {
  const title = name(page);
  const main = h("main", { id: "main", tabindex: "-1" }, h("h1", { tabindex: "-1" }, title));
  const menu = h("button", {
    class: "quiet menu", type: "button", "aria-expanded": "false", "aria-controls": "navigation", "aria-label": t("menu"),
  }, icon("menu"));
  const body = [
    h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, t("skip")),
    h("header", { class: "top" }, menu,
      h("a", { class: "brand", href: address("search", instance) },
        h("img", { src: "/console/icon.svg", alt: "", width: 28, height: 28 }), "Similis"),
      account(redraw, onSignOut)),
    h("div", { class: "frame" }, navigation(page, instance), main),
  ];
  menu.addEventListener("click", () => unfold(menu, menu.getAttribute("aria-expanded") !== "true"));
  body[2].firstChild.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.getAttribute("aria-expanded") === "true") {
      unfold(menu, false);
      menu.focus();
    }
  });
  return { body, main, title };
}

function unfold(menu, open) {
  menu.setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("unfolded", open);
  if (open) document.querySelector("#navigation select, #navigation a")?.focus();
}

/** What stands in place of a page that the key may not use. */
export const closedPage = { show: (main) => main.append(h("p", { class: "note" }, t("closed"))) };
