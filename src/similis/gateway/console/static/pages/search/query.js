// The picture that is searched with: dropped, chosen, pasted or photographed, with the region on it.

import { h, show } from "../../dom.js";
import { dropAnywhere, dropZone } from "../../ui/dropzone.js";
import { errorBox, PageError } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { cameraButton } from "./camera.js";
import { decodedPicture } from "./decoded_picture.js";
import { height, width } from "./geometry.js";
import { productPicture } from "./product_picture.js";
import { regionEditor } from "./region.js";
import { mark } from "./searching.js";
import { takePicture } from "./state.js";
import { otherSubjects, shownRegion, subjectChips } from "./subjects.js";
import { t } from "./words.js";

/**
 * The card: { element, trouble, take(file), update() }. `trouble` is where errors of the picture are told.
 *
 * about: the instance; onPicture: another one is there; onPart: another part of it is chosen, by hand if `live`;
 * onBack: from a stored picture back to the own one.
 */
export function queryCard({ state, about, main, signal, onPicture, onPart, onBack }) {
  const trouble = h("div", {});
  const zone = dropZone({ label: "", note: t("promise"), signal, onFiles: takeFirst });
  const words = zone.querySelector(".words");
  const { element: pictureElement, show: showPicture } = decodedPicture();
  const editor = regionEditor({
    picture: pictureElement,
    onChange(region) {
      state.region = region;
      told();
      onPart({ live: true });
    },
    onPick: (number) => choose({ region: null, crop: true, subject: number }),
    onReset: () => choose({ region: null }),
  });
  const chips = subjectChips(() => choose({}));
  const pixels = h("p", { class: "note pixels" });
  const seen = h("div", { class: "seen" }, editor.element, pixels, chips.element,
    h("div", { class: "hints" }, h("p", { class: "note how" }, t("how")), h("p", { class: "note touch" }, t("touch")), editor.help));
  const similar = h("div", { class: "similar" });
  const element = h("section", { class: "card query", "aria-label": t("query") }, similar, seen, trouble,
    h("div", { class: "ways" }, zone, cameraButton(trouble, take)));

  function takeFirst([{ file }]) {
    if (file) take(file);
    else show(trouble, errorBox(new PageError(t("unread"), t("unread.hint"))));
  }

  function take(file) {
    if (!file) return;
    mark("similis:drop");
    takePicture(state, file);
    onPicture();
  }

  function choose(choice) {
    Object.assign(state, choice);
    told();
    onPart({ live: false });
  }

  /** What is said of the region; called for each step of a drag, so it is little. */
  function told() {
    const region = shownRegion(state);
    const { whole } = state;
    editor.update({ whole, region: whole && region, others: otherSubjects(state) });
    chips.update(state);
    pixels.textContent = whole && region ? t("pixels", { ...integers(region), width: width(whole), height: height(whole) }) : "";
  }

  function update() {
    const has = Boolean(state.picture) && !state.stored;
    seen.hidden = !has;
    similar.hidden = !state.stored;
    words.textContent = t(state.picture || state.stored ? "another" : "drop");
    seen.classList.toggle("refused", !state.whole && trouble.hasChildNodes());
    if (has) {
      showPicture(state.picture.url, state);
      told();
    }
    if (state.stored) show(similar, likeStored(state, about, onBack));
  }

  dropAnywhere(main, signal, takeFirst);
  update();
  return { element, trouble, take, update };
}

const integers = (region) => Object.fromEntries(Object.entries(region).map(([name, value]) => [name, Math.round(value)]));

/** That the query is a stored picture, and the way back to the own one. */
function likeStored(state, about, onBack) {
  const { product_id: product, pic_name: name } = state.stored;
  return [
    productPicture(about, state.stored),
    h("div", {}, h("p", { class: "note" }, t("similar")), h("p", {}, h("strong", {}, product)), h("p", { class: "note" }, name),
      state.picture ? h("button", { class: "quiet", type: "button", onclick: onBack }, icon("undo"), t("back")) : null),
  ];
}
