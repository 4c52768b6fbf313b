// What the console says: errors, passing news, that something is under way.

import { ApiError } from "../api.js";
import { h } from "../dom.js";
import { currentLanguage, messages } from "../i18n.js";
import { icon } from "./icons.js";
import { CHINESE } from "./service_words.js";

const t = messages("feedback", {
  en: {
    unreachable: "The service does not answer.", running: "See that it is running and that the network reaches it; then try again.",
    broken: "Something went wrong in this page.", reload: "Reload it. If that does not help, the browser's console says more.",
    request: "Request {id}", close: "Close",
  },
  zh: {
    unreachable: "服务没有响应。", running: "请确认服务正在运行且网络可达，然后重试。",
    broken: "此页面出现问题。", reload: "请重新加载。如无帮助，浏览器控制台有更多信息。",
    request: "请求 {id}", close: "关闭",
  },
});

/** An error that a page itself tells of, in its language: what is wrong, and what to do. */
export class PageError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** What the page says of an error; null where only the service's English words tell of it. */
function ownWords(error) {
  if (error instanceof PageError) return [error.message, error.hint];
  if (!(error instanceof ApiError)) return [t("broken"), t("reload")];
  if (error.status === 0) return [t("unreachable"), t("running")];
  return translated(error.code);
}

const translated = (code) => (currentLanguage() === "zh" && Object.hasOwn(CHINESE, code) ? CHINESE[code] : null);

const served = (error) => (error instanceof ApiError && error.status !== 0 ? [error.message, error.hint].filter(Boolean).join(" ") : "");

function paragraphs(error) {
  const own = ownWords(error);
  const [message, hint] = own ?? [error.message, error.hint];
  const lang = own ? null : "en";
  return [
    h("p", { lang }, h("strong", {}, message)),
    hint ? h("p", { lang }, hint) : null,
    own && served(error) ? h("p", { class: "note", lang: "en" }, served(error)) : null, // with the figures, names and places
  ];
}

/** An error in a box: what was wrong, what to do, and the request's id to look for in the log. */
export function errorBox(error) {
  if (!(error instanceof ApiError || error instanceof PageError)) console.error(error);
  return h("div", { class: "error", role: "alert" }, icon("warning"),
    h("div", {},
      paragraphs(error),
      error.requestId ? h("p", { class: "note" }, t("request", { id: error.requestId })) : null));
}

/** An error in one line, for lists. */
export const errorLine = (error) => (ownWords(error) ?? [error.message, error.hint]).filter(Boolean).join(" ");

/** What the service wrote down of an error, such as that which ended a task: the page's words, if it has any, and then its own. */
export function notedError({ code, message }) {
  const own = translated(code);
  return [own ? h("p", {}, own.join("")) : null, h("p", { class: own ? "note" : null, lang: "en" }, message)];
}

let shelf;

/** Passing news at the page's foot, read out by screen readers. */
export function toast(message) {
  const host = document.querySelector("dialog[open]") ?? document.body; // all beside an open dialog is out of reach
  if (shelf?.parentNode !== host) {
    shelf = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    host.append(shelf);
  }
  const note = h("p", { class: "toast" }, message);
  shelf.append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Runs a step with its button out of reach, so that nobody starts it twice. */
export async function busy(button, step) {
  const held = document.activeElement === button;
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await step();
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    if (held && document.activeElement === document.body) button.focus(); // the disabling has taken it
  }
}

/** Runs a step, and shows its error in `place` if it has one; says whether it went well. */
export async function attempt(place, step) {
  place.replaceChildren();
  try {
    await step();
    return true;
  } catch (error) {
    if (error?.name !== "AbortError") place.replaceChildren(errorBox(error));
    return false;
  }
}

/** A progress bar with its words: { element, set(done, total, text) }; a total of null means unknown. */
export function progressBar(label) {
  const bar = h("progress", { "aria-label": label, max: 1 });
  const text = h("span", { class: "note" });
  return {
    element: h("div", { class: "progress" }, bar, text),
    set(done, total, told = "") {
      if (total === null) bar.removeAttribute("value");
      else {
        bar.max = Math.max(total, 1);
        bar.value = done;
      }
      text.textContent = told;
    },
  };
}
