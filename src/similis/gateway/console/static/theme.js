"use strict";
// Runs before anything is drawn, so that a chosen theme does not flash. Without a choice the system's holds.
{
  const chosen = localStorage.getItem("similis.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
