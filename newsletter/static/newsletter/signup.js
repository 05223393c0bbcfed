/* Makes the sign-up form handier: topics are found as one types, the time zone is the browser's.
   Nothing depends on it. */
"use strict";

const zone = document.querySelector("#timezone[data-fill]");
if (zone) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  // A browser that cannot tell says Etc/Unknown; a newer one may know zones that the service does not.
  if (/^Etc\/GMT/.test(own) || [...zone.list.options].some((option) => option.value === own)) {
    zone.value = own;
  }
}

const find = document.getElementById("find");
if (find) {
  const none = document.getElementById("none-found");
  const topics = [...document.querySelectorAll(".pick .topic")].map((row) => ({
    row,
    box: row.querySelector("input"),
    words: `${row.querySelector("label").textContent} ${row.dataset.words}`.toLowerCase(),
  }));

  const show = () => {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { row, box, words } of topics) {
      const matches = wanted.every((word) => words.includes(word));
      found += matches ? 1 : 0;
      row.hidden = !matches && !box.checked;
    }
    for (const group of document.querySelectorAll(".pick .group")) {
      group.hidden = !group.querySelector(".topic:not([hidden])");
    }
    none.textContent = found ? "" : none.dataset.words;
  };

  // A page that the search of a browser without scripts has shortened does not hold every topic.
  if (!find.value) {
    document.querySelector("button[name=search]").hidden = true;
    find.addEventListener("input", show);
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }
}
