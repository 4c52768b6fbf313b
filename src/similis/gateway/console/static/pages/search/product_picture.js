// The shop's own picture of a result, by the instance's URL template; a placeholder where there is none.

import { h } from "../../dom.js";
import { icon } from "../../ui/icons.js";
import { drawnAgain } from "../welcome/samples.js";
import { t } from "./words.js";

/** The address of a picture, or null: of no template, or of one that needs what the picture has not. */
export function pictureAddress(template, names) {
  if (!template) return null;
  let whole = true;
  const address = template.replace(/\{(product_id|pic_name|custom_content)\}/g, (_, name) => {
    whole &&= names[name] !== null && names[name] !== undefined;
    return encodeURIComponent(names[name] ?? "");
  });
  return whole ? address : null;
}

/** The picture of an instance, loaded when it comes into view, by a request that does not say from where. */
export function productPicture(instance, names) {
  const src = pictureAddress(instance.picture_url, names);
  const frame = h("div", { class: "product-picture" });
  const blank = () => frame.replaceChildren(h("span", { class: "blank" }, icon("picture")));
  const alt = t("picture.alt", names);
  if (src) frame.append(h("img", { referrerpolicy: "no-referrer", loading: "lazy", decoding: "async", alt, onerror: blank, src }));
  else {
    blank();
    drawSample(frame, instance.name, names, alt);
  }
  return frame;
}

/** Pictures of the samples are nowhere, but can be drawn once more. */
async function drawSample(frame, instance, names, alt) {
  const file = await drawnAgain(instance, names);
  if (!file) return;
  const address = URL.createObjectURL(file);
  frame.replaceChildren(h("img", { alt, src: address, onload: () => URL.revokeObjectURL(address) }));
}
