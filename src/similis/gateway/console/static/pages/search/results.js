// Results: what was found, how good it is, and the words where nothing is.

import { h, show } from "../../dom.js";
import { number, score } from "../../format.js";
import { address } from "../../router.js";
import { can } from "../../session.js";
import { errorBox } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { SAMPLES } from "../welcome/samples.js";
import { searchedIn } from "./categories.js";
import { chipGroup } from "./chip_group.js";
import { codeButton } from "./code.js";
import { matchItem } from "./match.js";
import { remaining } from "./searching.js";
import { MOST } from "./state.js";
import { timings } from "./timings.js";
import { t } from "./words.js";

/**
 * The results: { element, begin(), found(start), idle(), fail(error), clear(), focus() }.
 *
 * onMore, onAgain: search; onSimilar(names): by a stored picture; onLoosen(changes): without what narrowed it down.
 */
export function resultsPart({ name, state, about, onMore, onAgain, onSimilar, onLoosen }) {
  const heading = h("h2", { tabindex: "-1" }, t("results"));
  const told = h("p", { class: "note", role: "status" });
  const layouts = chipGroup(t("layout"));
  const spent = h("div", {});
  const trouble = h("div", {});
  const notice = h("div", {});
  const list = h("ol", { class: "matches" });
  const more = h("button", { type: "button", onclick: onMore }, t("more"));
  const after = h("div", { class: "after" }, more, about.picture_url ? null : keptNote(name));
  const head = h("div", { class: "row spread head" }, heading, h("div", { class: "row" }, layouts.element, codeButton(name, state)));
  const body = h("div", {}, spent, notice, list, after);
  const element = h("section", { class: "results", "aria-label": t("results") }, head, told, trouble, body);

  function layout() {
    const chosen = state.layout ?? (about.picture_url ? "grid" : "list");
    list.classList.toggle("grid", chosen === "grid");
    layouts.update(["grid", "list"].map((kind) => ({
      key: kind, content: t(kind), pressed: kind === chosen,
      onclick: () => {
        state.layout = kind;
        layout();
      },
    })));
  }

  function begin() {
    element.setAttribute("aria-busy", "true");
    trouble.replaceChildren();
    if (!state.found) told.textContent = t("searching");
  }

  function idle() {
    element.removeAttribute("aria-busy");
    if (!state.found) told.textContent = "";
  }

  function unfold(shown) {
    head.hidden = body.hidden = !shown;
  }

  function found(start) {
    const { answer, matches } = state.found;
    idle();
    unfold(true);
    trouble.replaceChildren();
    heading.textContent = counted(answer.found);
    told.textContent = summary(state, about);
    show(spent, timings(state.found));
    show(notice, noticeOf(state, about, onLoosen));
    list.classList.toggle("weak", !isGood(state.found));
    const items = matches.slice(start).map((match, index) => matchItem(match, start + index + 1, { about, threshold: answer.threshold, onSimilar }));
    if (start) list.append(...items);
    else show(list, items);
    const hadFocus = document.activeElement === more;
    more.hidden = !remaining(state.found);
    if (hadFocus) items[0]?.querySelector("h3").focus(); // on to what is new
    layout();
  }

  function fail(error) {
    idle();
    show(trouble, errorBox(error), h("button", { type: "button", onclick: onAgain }, icon("undo"), t("again")));
  }

  unfold(false);
  return {
    element, begin, found, idle, fail,
    /** What was found for another query is no answer to this one. */
    clear: () => unfold(false),
    focus: () => heading.focus(),
  };
}

/** Whether any result shown so far is a good match: an answer only tells it of its own page. */
const isGood = ({ answer, matches }) => matches.some((match) => match.score >= answer.threshold);

const counted = (all) => (all === 1 ? t("found.one") : all >= MOST ? t("found.many") : t("found", { found: number(all) }));

function summary({ found: { answer, matches } }, about) {
  const good = matches.filter((match) => match.score >= answer.threshold).length;
  const words = [
    about.type === "product" ? t("found.in", { category: searchedIn(answer) }) : null,
    answer.found === 0 ? null : good === 0 ? t("good.none") : good === 1 ? t("good.one") : t("good", { good }),
    matches.length < answer.found ? t("shown", { shown: number(matches.length) }) : null,
  ];
  return words.filter(Boolean).join(" · ");
}

function noticeOf(state, about, onLoosen) {
  const { answer, matches } = state.found;
  if (!matches.length) return nothing(state, about, onLoosen);
  if (isGood(state.found)) return null;
  return box(t("weak"), t("weak.text", { threshold: score(answer.threshold) }));
}

/** Why there is nothing, and the ways out. */
function nothing(state, about, onLoosen) {
  const narrowed = state.filter || state.minScore;
  const why = narrowed ? "nothing.text" : about.type === "product" && state.category !== null ? "nothing.category" : "nothing.empty";
  return box(t("nothing"), t(why), h("div", { class: "row" },
    state.filter ? h("button", { type: "button", onclick: () => onLoosen({ filter: "" }) }, t("filter.clear")) : null,
    state.minScore ? h("button", { type: "button", onclick: () => onLoosen({ minScore: 0 }) }, t("nothing.score")) : null,
    state.category !== null ? h("button", { type: "button", onclick: () => onLoosen({ category: null }) }, t("category.predicted")) : null));
}

const box = (title, text, ...more) => h("div", { class: "notice" }, icon("search"), h("div", {}, h("p", {}, h("strong", {}, title)), h("p", {}, text), more));

function keptNote(name) {
  if (name === SAMPLES) return h("p", { class: "note kept" }, t("kept.samples"));
  return h("p", { class: "note kept" }, t("kept"), can("admin") ? [" ", h("a", { href: address("instance", name) }, t("kept.set"))] : null);
}
