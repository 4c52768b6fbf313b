// Texts that the page has made, as files.

import { h } from "../dom.js";

/** Lets the browser save a text as a file. */
export function saveAs(name, text, type = "text/plain") {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it when it likes
}
