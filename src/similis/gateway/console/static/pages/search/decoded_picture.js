// The picture as the browser decodes it, beside the answer that is awaited.

import { h } from "../../dom.js";
import { height, width } from "./geometry.js";
import { t } from "./words.js";

/**
 * The picture: { element, show(url, state) }.
 *
 * The service reads formats that browsers do not (TIFF, PPM) and turns some that they leave as they are (WebP by its EXIF data).
 * Regions would lie elsewhere then, so a plain sheet of the right shape takes the picture's place.
 */
export function decodedPicture() {
  const image = h("img", { alt: t("query.alt"), draggable: "false" });
  const unseen = h("p", { class: "note unseen", hidden: true }, t("unseen"));
  let shown = "";
  let size = null; // null: not known yet; 0 × 0: not for this browser

  function settle(whole) {
    const differs = whole && size && (size.width !== width(whole) || size.height !== height(whole));
    image.hidden = Boolean(differs) || size?.width === 0;
    unseen.hidden = !differs;
  }

  async function load(url, state) {
    shown = url;
    size = null;
    image.src = url;
    await image.decode().catch(() => {});
    if (shown !== url) return;
    size = { width: image.naturalWidth, height: image.naturalHeight };
    settle(state.whole);
  }

  return {
    element: [image, unseen],
    show(url, state) {
      if (url === shown) settle(state.whole);
      else load(url, state);
    },
  };
}
