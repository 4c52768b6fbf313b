// A place for pictures: dropped (files and folders), chosen, or pasted.

import { h, uniqueId } from "../dom.js";
import { icon } from "./icons.js";

/**
 * The place; `onFiles` gets a list of { file, path }, where path has the folders; file is null if it cannot be read.
 *
 * label: its words; note: smaller ones; multiple, folders: what may be chosen; signal: ends its listening for pastes.
 */
export function dropZone({ label, note, multiple = false, accept = "image/*", signal, onFiles }) {
  const id = uniqueId("drop");
  const take = (items) => { if (items.length) onFiles(multiple ? items : items.slice(0, 1)); };
  const input = h("input", {
    id, type: "file", accept, multiple,
    onchange: () => {
      take([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = ""; // the same file may be chosen again
    },
  });
  const zone = h("label", { class: "drop", for: id }, icon("picture"), h("span", { class: "words" }, label),
    note ? h("span", { class: "note" }, note) : null, input);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  if (signal) {
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      take(files.map((file) => ({ file, path: file.name })));
    }, { signal });
  }
  return zone;
}

/** All files of a drop, those in folders included. */
export async function dropped(transfer) {
  // Entries must be taken before anything is awaited: afterwards the browser has forgotten them.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const found = await Promise.all(entries.map((entry) => within(entry, "")));
  return found.flat();
}

/** Takes what is dropped beside the zone, too; the browser would leave the page for it. */
export function dropAnywhere(main, signal, onFiles) {
  main.addEventListener("dragover", (event) => event.preventDefault(), { signal });
  main.addEventListener("drop", async (event) => {
    if (event.defaultPrevented) return; // by the zone
    event.preventDefault();
    const items = await dropped(event.dataTransfer);
    if (items.length && !signal.aborted) onFiles(items);
  }, { signal });
}

/** What is gone or locked is passed on without its file, and takes nothing else with it. */
async function within(entry, folder) {
  const path = `${folder}${entry.name}`;
  if (!entry.isFile) return inFolder(entry.createReader(), path);
  const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
  return [{ file, path }];
}

async function inFolder(reader, path) {
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!some) found.push([{ file: null, path }]);
    if (!some?.length) return found.flat();
    found.push(...(await Promise.all(some.map((each) => within(each, `${path}/`)))));
  }
}
