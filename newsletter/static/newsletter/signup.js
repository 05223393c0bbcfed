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
  const all = document.querySelector("details.all");
  const chips = [...document.querySelectorAll(".topics .chip input")].map((box) => ({
    chip: box.parentElement,
    box,
    words: [
      box.parentElement.textContent,
      box.parentElement.dataset.words,
      box.closest(".group")?.querySelector("legend").textContent || "",
    ].join(" ").toLowerCase(),
  }));

  const show = () => {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { chip, box, words } of chips) {
      const matches = wanted.every((word) => words.includes(word));
      found += matches ? 1 : 0;
      chip.hidden = !matches && !box.checked;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(".chip:not([hidden])");
    }
    all.open = wanted.length > 0;
    none.textContent = found ? "" : none.dataset.words;
  };

  // Enter in this field means what the button beside it does, not the sending of the form.
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    document.querySelector("button[name=search]").click();
  });
  // What a search of the server has found is not hidden again.
  if (!find.value) find.addEventListener("input", show);
}
