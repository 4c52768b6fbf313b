// A finger on the picture scrolls the page, unless it draws: sideways at once, any way after it has rested a moment.

const REST = 350; // milliseconds

/** Watches fingers on an element: { mayDraw(event, right, down) }, so many CSS pixels after the press that `event` is. */
export function fingers(element) {
  let rested = false;
  let timer = 0;

  function lift() {
    clearTimeout(timer);
    rested = false;
    element.classList.remove("rested");
  }

  function press({ pointerType }) {
    lift();
    if (pointerType === "touch") timer = setTimeout(rest, REST);
  }

  function rest() {
    rested = true;
    element.classList.add("rested");
  }

  function keep(event) {
    if (rested && event.cancelable) event.preventDefault(); // else the browser takes the gesture to scroll
  }

  element.addEventListener("pointerdown", press);
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, lift);
  element.addEventListener("touchmove", keep, { passive: false });
  element.addEventListener("contextmenu", keep); // of a long press

  return {
    mayDraw(event, right, down) {
      const scrolls = event.pointerType === "touch" && getComputedStyle(event.target).touchAction !== "none";
      return !scrolls || rested || Math.abs(right) >= Math.abs(down);
    },
  };
}
