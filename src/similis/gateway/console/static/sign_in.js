// The sign-in: an access key becomes a session, which is a cookie that no script can read.

import { h, uniqueId } from "./dom.js";
import { messages } from "./i18n.js";
import { choices } from "./preferences.js";
import { signIn } from "./session.js";
import { busy, errorBox } from "./ui/feedback.js";

const t = messages("sign_in", {
  en: {
    title: "Sign in",
    what: "Find the same product, or look-alikes, by picture.",
    key: "Access key",
    form: "ID:SECRET",
    where: "The service prints one when it starts with --show-key; “similis key create” makes more.",
    button: "Sign in",
    kept: "The key becomes a session of at most twelve hours, in a cookie that scripts cannot read. It is kept nowhere else in this browser.",
  },
  zh: {
    title: "登录",
    what: "以图搜图：查找同款或相似商品。",
    key: "访问密钥",
    form: "ID:SECRET",
    where: "服务以 --show-key 启动时会显示一个密钥；用“similis key create”可创建更多密钥。",
    button: "登录",
    kept: "密钥会换成最长十二小时的会话，保存在脚本无法读取的 Cookie 中，不会保存在此浏览器的其他位置。",
  },
});

/** The page; `done` is called once signed in, `redraw` when another language is chosen. */
export function signInPage(done, redraw) {
  const id = uniqueId("key");
  const input = h("input", {
    id, type: "password", required: true, autocomplete: "current-password", spellcheck: "false",
    placeholder: t("form"), "aria-describedby": `${id}-where`,
  });
  const button = h("button", { class: "primary", type: "submit" }, t("button"));
  const told = h("div", { "aria-live": "assertive" });
  const form = h("form", { class: "card sign-in" },
    h("h1", {}, t("title")),
    h("label", { for: id }, t("key")), input,
    h("p", { class: "note", id: `${id}-where` }, t("where")),
    told, button,
    h("p", { class: "note" }, t("kept")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    told.replaceChildren();
    busy(button, async () => {
      try {
        await signIn(input.value.trim());
        input.value = "";
        await done();
      } catch (error) {
        told.replaceChildren(errorBox(error));
        input.focus();
      }
    });
  });
  return h("main", { class: "alone", "data-ready": "sign-in" },
    h("p", { class: "brand" }, h("img", { src: "/console/icon.svg", alt: "", width: 40, height: 40 }), "Similis"),
    h("p", { class: "claim" }, t("what")),
    form,
    h("div", { class: "row end" }, choices(redraw)));
}
