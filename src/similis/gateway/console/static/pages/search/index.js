// The search page: a picture in, the same product out. Whatever is changed – region, subject, category, filter – results follow.

import { api, path } from "../../api.js";
import { h, show as fill } from "../../dom.js";
import { address, go } from "../../router.js";
import { can, instance } from "../../session.js";
import { errorBox } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { handedOver } from "./handover.js";
import { queryCard } from "./query.js";
import { refineCard } from "./refine.js";
import { resultsPart } from "./results.js";
import { offerSmaller } from "./smaller.js";
import { keyOf, mark, searcher } from "./searching.js";
import { hasQuery, stateOf } from "./state.js";
import { learnParts } from "./subjects.js";
import { t } from "./words.js";

// Errors by where they are told: of the picture beside it, of the filter below it, all others with the results.
const OF_PICTURE = new Set(["unsupported_format", "unsupported_pixels", "picture_too_large", "request_too_large", "damaged_picture", "invalid_region", "invalid_subject"]);

/** Draws the page of an instance; `parameters` may name a stored picture to search by. */
export async function show(main, { instance: name, parameters, signal }) {
  const state = stateOf(name);
  const about = await known(name, signal);
  state.stored = storedIn(parameters);
  const page = h("div", { class: "search" });
  const search = searcher(name, state, { signal, onBegin, onFound, onError });
  const query = queryCard({
    state, about, main, signal, onPicture, onPart: ({ live }) => (live ? search.soon() : search.now()), onBack: () => go("search", name),
  });
  const refine = refineCard({ state, about, signal, onChange: search.now, onSlide: search.soon });
  const results = resultsPart({ name, state, about, onMore: search.more, onAgain: search.now, onSimilar, onLoosen });
  page.append(h("div", { class: "asked" }, about.picture_count ? null : emptyNote(name), query.element, refine.element), results.element);
  main.append(page);

  function onPicture() {
    // Away from the stored picture that the address names, and back to it by the browser's button.
    if (parameters.size && location.hash !== address("search", name)) history.pushState(null, "", address("search", name));
    search.now(); // before anything is drawn
    results.clear();
    drawn();
  }

  function onBegin() {
    query.trouble.replaceChildren();
    results.begin();
  }

  function onFound(start) {
    learnParts(state, state.found.answer);
    results.found(start);
    query.update();
    refine.update();
    if (state.focus) results.focus();
    state.focus = false;
    afterPaint(() => mark("similis:drawn"));
  }

  function onError(error) {
    results.idle();
    if (error.code === "invalid_filter") refine.filter.refuse(error);
    else if (OF_PICTURE.has(error.code) && !state.stored) refusePicture(error);
    else results.fail(error);
  }

  function refusePicture(error) {
    fill(query.trouble, errorBox(error));
    query.update();
    offerSmaller(query.trouble, error, state, query.take);
  }

  function onSimilar(names) {
    state.focus = true;
    go("search", name, names);
  }

  function onLoosen(changes) {
    Object.assign(state, changes);
    refine.filter.update();
    refine.update();
    search.now();
    results.focus();
  }

  function drawn() {
    page.classList.toggle("asking", hasQuery(state));
    query.update();
    refine.update();
  }

  drawn();
  const handed = handedOver(name);
  if (handed) query.take(handed);
  else if (!hasQuery(state)) return;
  else if (state.found?.key === keyOf(state)) onFound(0);
  else search.now();
}

/** The instance; asked for anew while it is empty, for somebody may have filled it. */
async function known(name, signal) {
  const kept = instance(name);
  return kept?.picture_count ? kept : api.get(path`/instances/${name}`, { signal });
}

/** The stored picture that an address names, if any. */
function storedIn(parameters) {
  const [product, pic] = ["product_id", "pic_name"].map((each) => parameters.get(each));
  return product === null || pic === null ? null : { product_id: product, pic_name: pic };
}

function emptyNote(name) {
  return h("p", { class: "notice" }, icon("box"), h("span", {}, t("empty"), can("writer") ? [" ", h("a", { href: address("add", name) }, t("add"))] : null));
}

const afterPaint = (step) => requestAnimationFrame(() => requestAnimationFrame(step));
