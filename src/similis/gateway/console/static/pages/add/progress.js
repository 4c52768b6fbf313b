// How adding goes: counts, pace, the last pictures, what failed, what was there already.

import { h, show, uniqueId } from "../../dom.js";
import { duration, number } from "../../format.js";
import { address } from "../../router.js";
import { figure } from "../../ui/controls.js";
import { errorBox, progressBar } from "../../ui/feedback.js";
import { failuresPart, recentPart, similarPart } from "./lists.js";
import { t } from "./words.js";

const CALM = 200; // milliseconds between two drawings

/** The card of an upload; it follows it until the signal aborts. */
export function progressCard(upload, { options, signal }) {
  const id = uniqueId("progress");
  const bar = progressBar(t("progress"));
  const state = h("p", { role: "status" });
  const told = h("div", {});
  const figures = h("div", { class: "figures" });
  const actions = h("div", { class: "row end" });
  const heading = h("h2", { id, tabindex: "-1" }, t("progress"));
  const lists = [recentPart(upload, signal), failuresPart(upload, { options, onAgain: () => heading.focus() }), similarPart(upload)];
  const element = h("section", { class: "card", "aria-labelledby": id },
    heading, state, bar.element, figures, told, actions, lists.map((list) => list.element));

  let drawn = {};
  const draw = () => {
    bar.set(upload.done, upload.total, pace(upload));
    show(figures, counts(upload));
    lists.forEach((list) => list.draw());
    const words = t(upload.state === "ended" && upload.failures.length ? "ended.failed" : upload.state);
    // Between two looks it may have begun and ended anew.
    if (drawn.words === words && drawn.error === upload.error) return;
    drawn = { words, error: upload.error };
    state.textContent = words;
    show(told, upload.error ? errorBox(upload.error) : []);
    change(actions, buttons(upload), heading);
  };
  watch(upload, draw, signal);
  draw();
  return { element, heading };
}

/** Draws at most some times a second, however fast pictures are added. */
function watch(upload, draw, signal) {
  let timer = null;
  upload.watched = true;
  signal.addEventListener("abort", () => {
    upload.watched = false;
    clearTimeout(timer);
  });
  upload.addEventListener("change", () => {
    timer ??= setTimeout(() => {
      timer = null;
      draw();
    }, CALM);
  }, { signal });
}

function pace(upload) {
  if (!upload.under) return t("took", { time: duration(upload.seconds) });
  if (!upload.rate) return "";
  const rate = t("rate", { rate: number(upload.rate, upload.rate < 10 ? 1 : 0) });
  return `${rate} · ${t("time.left", { time: duration(upload.left / upload.rate) })}`;
}

const counts = (upload) => [
  figure(number(upload.added), t("added")),
  upload.replaced ? figure(number(upload.replaced), t("replaced")) : null,
  figure(number(upload.failures.length), t("failed")),
  figure(number(upload.left), t("left")),
];

function buttons(upload) {
  const cancel = h("button", { type: "button", onclick: () => upload.cancel() }, t("cancel"));
  if (upload.under) return [h("span", { class: "note" }, t("leave")), cancel];
  if (upload.state === "stopped") return [cancel, h("button", { type: "button", class: "primary", onclick: () => upload.goOn() }, t("go.on"))];
  return upload.added ? [h("a", { class: "button", href: address("search", upload.instance) }, t("search"))] : [];
}

/** Replaces buttons; the focus must not be lost with one of them. */
function change(place, elements, heading) {
  const held = place.contains(document.activeElement);
  show(place, elements);
  if (held) (place.querySelector("button, a") ?? heading).focus();
}
