// A picture that the service refuses for its size can be searched with all the same: by a smaller copy, made in the browser.

import { h } from "../../dom.js";
import { attempt, PageError } from "../../ui/feedback.js";
import { shrunk } from "../../ui/shrink.js";
import { t } from "./words.js";

const TOO_LARGE = new Set(["picture_too_large", "request_too_large"]);
const MAX_SIDE = 4096;

/** Offers the copy below an error of the picture, where one helps; `take` gets the file, unless another was chosen meanwhile. */
export async function offerSmaller(place, error, state, take) {
  const { file } = state.picture;
  const isPast = () => state.stored || state.picture?.file !== file;
  if (!TOO_LARGE.has(error.code) && !(error.code === "unsupported_pixels" && (await longestSide(file)) > MAX_SIDE)) return;
  if (isPast()) return;
  const button = h("button", {
    type: "button",
    onclick: () => attempt(place, async () => {
      const copy = await shrunk(file);
      if (isPast()) return;
      if (!copy) throw new PageError(t("smaller.failed"), t("smaller.failed.hint"));
      take(new File([copy], "query.jpg", { type: copy.type }));
    }),
  }, t("smaller"));
  place.append(button);
}

async function longestSide(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  const side = bitmap ? Math.max(bitmap.width, bitmap.height) : 0;
  bitmap?.close();
  return side;
}
