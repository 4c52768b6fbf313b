// Adds pictures to an instance: drop, look, go.

import { h } from "../../dom.js";
import { instance as known } from "../../session.js";
import { card } from "../../ui/controls.js";
import { dropAnywhere, dropZone } from "../../ui/dropzone.js";
import { icon } from "../../ui/icons.js";
import { chosen } from "./chosen.js";
import { optionsForm } from "./options.js";
import { progressCard } from "./progress.js";
import { add, uploadOf } from "./upload.js";
import { t } from "./words.js";

export async function show(main, { instance, signal }) {
  const options = optionsForm({ withCategory: known(instance)?.type === "product", onchange: () => pictures.draw() });
  const place = h("div", { class: "going" });
  let followed = null;
  const follow = (upload) => {
    if (followed?.upload !== upload) followed = { upload, ...progressCard(upload, { options, signal }) };
    place.replaceChildren(followed.element);
    return followed.heading;
  };
  const pictures = chosen({
    options,
    onStart: (entries) => follow(add(instance, entries, options.value())).focus(),
    onClear: () => zone.querySelector("input").focus(),
  });
  const zone = dropZone({ label: t("drop"), note: t("formats"), multiple: true, signal, onFiles: pictures.take });
  dropAnywhere(main, signal, pictures.take);
  main.append(h("div", { class: "adding" },
    card(t("pictures"), zone, folderChooser(pictures.take), pictures.element), options.element, place));
  const upload = uploadOf(instance);
  if (upload) follow(upload);
}

/** Browsers choose files or a folder, never both by one button. */
function folderChooser(onFiles) {
  const input = h("input", {
    type: "file", webkitdirectory: true, hidden: true, "aria-label": t("folder"),
    onchange: () => {
      onFiles([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    },
  });
  return h("div", { class: "row folder" }, h("button", { type: "button", onclick: () => input.click() }, icon("boxes"), t("folder")), input);
}
