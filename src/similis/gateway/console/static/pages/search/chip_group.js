// Chips that are drawn again and again, without taking the focus from the one that has it.

import { h, show } from "../../dom.js";
import { chip } from "../../ui/controls.js";

/** The group: { element, update(chips) }; a chip is { key, content, pressed, onclick }. */
export function chipGroup(label) {
  const element = h("div", { class: "chips", role: "group", "aria-label": label });
  let made = new Map();

  function button({ key, content, pressed, onclick }) {
    const kept = made.get(key) ?? chip("", pressed);
    show(kept, content).setAttribute("aria-pressed", String(pressed));
    kept.onclick = onclick;
    return [key, kept];
  }

  return {
    element,
    update(chips) {
      const focused = document.activeElement;
      const held = element.contains(focused);
      made = new Map(chips.map(button));
      show(element, [...made.values()]);
      if (held) (element.contains(focused) ? focused : element.querySelector("[aria-pressed=true]"))?.focus();
    },
  };
}
