// What part of the picture is searched with: one of the subjects found, all of it, or a region of the user's.

import { parsed } from "./geometry.js";
import { chipGroup } from "./chip_group.js";
import { t } from "./words.js";

/** The chips: { element, update(state) }; onChange follows a choice, which is then in the state. */
export function subjectChips(onChange) {
  const group = chipGroup(t("parts"));

  function chosen(state, choice) {
    Object.assign(state, { region: null, ...choice });
    onChange();
  }

  return {
    element: group.element,
    update(state) {
      const found = state.subjects.length || 1;
      const numbers = Array.from({ length: found }, (_, index) => index + 1);
      group.update([
        ...numbers.map((number) => ({
          key: number, content: number === 1 ? t("main") : t("subject", { number }),
          pressed: !state.region && state.crop && state.subject === number,
          onclick: () => chosen(state, { crop: true, subject: number }),
        })),
        { key: "whole", content: t("whole"), pressed: !state.region && !state.crop, onclick: () => chosen(state, { crop: false, subject: 1 }) },
        ...(state.region ? [{ key: "own", content: t("own"), pressed: true, onclick: () => {} }] : []),
      ]);
    },
  };
}

/** Takes from an answer what it says of the picture itself. */
export function learnParts(state, answer) {
  if (state.stored || !answer.regions.length) return;
  state.whole = parsed(answer.regions.at(-1));
  if (state.crop && !state.region && state.subject === 1) state.subjects = answer.regions.slice(0, -1).map(parsed);
}

/** The region that is shown: the user's, else the one that the last answer used. */
export function shownRegion(state) {
  if (state.region) return state.region;
  if (!state.crop) return state.whole;
  const used = state.found?.answer.region;
  return state.subjects[state.subject - 1] ?? (used ? parsed(used) : state.whole);
}

/** The other subjects, which can be pointed at: [{ number, region }]. */
export function otherSubjects(state) {
  const all = state.subjects.map((region, index) => ({ number: index + 1, region }));
  return all.length < 2 ? [] : all.filter(({ number }) => state.region || !state.crop || number !== state.subject);
}
