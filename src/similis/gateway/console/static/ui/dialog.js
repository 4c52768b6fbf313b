// Questions that stop everything else.

import { h, uniqueId } from "../dom.js";
import { messages } from "../i18n.js";
import { attempt, busy } from "./feedback.js";

const t = messages("dialog", {
  en: { cancel: "Cancel", close: "Close", type: "Type {name} to go on" },
  zh: { cancel: "取消", close: "关闭", type: "输入 {name} 以继续" },
});

/**
 * Opens a dialog and waits until it is closed: true when its step was done.
 *
 * title, body: what it shows; action: the button's words; step: what it does, whose errors the dialog shows, and which leaves it
 * open where it gives false; leave: the words of the button that does nothing;
 * danger: colours the button; typed: a name to be typed before the button can be used; only: just a button to close;
 * wide: room for a table; leavable: it may be closed while the step is under way, whose result is then nobody's.
 */
export function ask({ title, body, action, step = async () => {}, leave = t("cancel"), danger = false, typed = null, only = false, wide = false, leavable = false }) {
  const id = uniqueId("dialog");
  const told = h("div", {});
  const button = h("button", { class: danger ? "danger" : "primary", type: "submit", disabled: typed !== null }, action ?? t("close"));
  const name = typed === null ? null : h("input", {
    autocomplete: "off", spellcheck: "false", "aria-label": t("type", { name: typed }),
    oninput: () => { button.disabled = name.value !== typed; },
  });
  const back = only ? null : h("button", { type: "button", onclick: () => dialog.close() }, leave);
  const form = h("form", { method: "dialog" },
    h("h2", { id }, title), body,
    name ? h("label", { class: "field" }, t("type", { name: typed }), name) : null,
    told,
    h("div", { class: "row end" }, back, button));
  const dialog = h("dialog", { "aria-labelledby": id, class: wide ? "wide" : null }, form);
  let done = false;
  let underWay = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (underWay || (typed !== null && name.value !== typed)) return;
    underWay = run();
    hold(true);
    done = await underWay;
    underWay = null;
    hold(false);
    if (done) dialog.close();
  });

  async function run() {
    let kept = false;
    const well = await busy(button, () => attempt(told, async () => { kept = (await step()) === false; }));
    return well && !kept;
  }

  // What is being made can no longer be taken back, so nobody shall believe to have cancelled it.
  function hold(held) {
    if (back && !leavable) back.disabled = held;
  }

  dialog.addEventListener("cancel", (event) => {
    if (underWay && !leavable) event.preventDefault();
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", async () => {
      dialog.remove();
      if (underWay && !leavable) done = await underWay; // another page was opened, or Escape pressed until the browser gave in
      resolve(done);
    });
  });
}
