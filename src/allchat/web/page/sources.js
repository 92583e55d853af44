// Where quotes stand: a number opens its source over the answer on a phone, beside it in a wide window, and the way
// back is always there. Hard words open at the foot. No text is searched for.
const wide = matchMedia("(min-width: 62rem)");
const [panel, opened] = [$("#src"), $("#opened")];
let chip = null;
const isOver = () => !panel.hidden && !wide.matches;
// Over the answer, all but the bar with the numbers to call and the source itself is out of reach.
const place = () => {
  document.body.classList.toggle("over", isOver());
  // Once there are sources they keep their place, so that the conversation does not move from answer to answer.
  document.body.classList.toggle("beside", wide.matches && Boolean(opened.firstElementChild));
  $("#talk").inert = isOver();
};
const showOnly = (sources) => {
  for (const each of opened.children) each.hidden = each !== sources;
  panel.hidden = !sources;
  place();
};
const light = (link) => {
  $$(".on").forEach((old) => old.classList.remove("on"));
  if (link) [link, ...$$(`#opened .${link.hash.slice(1)}`)].forEach((part) => part.classList.add("on"));
};
const leadTo = (mark) => {
  const whole = mark && $(`#opened a.${mark.id}`);
  $("#whole").hidden = !whole;
  if (whole) $("#whole").href = whole.href;
};
const openSource = (link) => {
  const mark = document.getElementById(link.hash.slice(1));
  const sources = mark?.closest(".sources");
  if (!sources) return;
  const pushed = isOver();
  showOnly(sources);
  chip = link;
  light(link);
  leadTo(mark);
  if (isOver() && !pushed) history.pushState({ source: true }, "");
  opened.scrollTop += mark.getBoundingClientRect().top - opened.getBoundingClientRect().top - opened.clientHeight / 4;
  mark.focus({ preventScroll: true });
};
const closeSource = () => {
  if (panel.hidden) return;
  if (isOver()) panel.hidden = true;
  place();
  if (!chip?.isConnected) return $("#ask").focus();
  chip.focus({ preventScroll: true });
  const { top, bottom } = chip.getBoundingClientRect();
  if (top < 60 || bottom > $("#composer").getBoundingClientRect().top) chip.scrollIntoView({ block: "center" });
};
// The gesture back, Esc and the button all go through the history, so that none of them leaves the page.
const goBack = () => {
  const pushed = history.state?.source;
  closeSource();
  if (pushed) history.back();
};
addEventListener("popstate", () => isOver() && closeSource());
wide.addEventListener("change", () => (panel.hidden || wide.matches ? place() : showOnly(null)));
$("#back").onclick = goBack;
// The bar grows where a family's letters are large: what stands below it knows how high it is.
new ResizeObserver(() => {
  document.documentElement.style.setProperty("--bar", `${$(".bar").offsetHeight}px`);
}).observe($(".bar"));

// The sources of a new answer: beside it they are there at once, over it only when a number is touched.
const takeSources = (sources) => {
  const known = new Set($$("#opened .word").map((word) => word.id));
  $$(".word", sources).forEach((word) => known.has(word.id) && word.remove());
  $$(".words:not(:has(.word))", sources).forEach((none) => none.remove());
  const there = sources.querySelector(".source");
  if (there) opened.append(sources);
  light(null);
  showOnly(there && wide.matches ? sources : null);
  if (panel.hidden) return;
  const first = sources.querySelector("mark[id]");
  leadTo(first);
  opened.scrollTop = 0;
  const below = first ? first.getBoundingClientRect().bottom - opened.getBoundingClientRect().bottom : 0;
  if (below > 0) opened.scrollTop = below + opened.clientHeight / 2;
};

const closeWord = () => $("#word")?.remove();
const explain = (link) => {
  const told = document.getElementById(link.hash.slice(1));
  if (!told) return;
  const copy = told.cloneNode(true);
  copy.removeAttribute("id");
  // In the box the word heads a part of the page, not a part of the sources.
  const name = copy.querySelector("h4");
  name.replaceWith(make("h2", { textContent: name.textContent, lang: name.lang }));
  const leave = () => {
    closeWord();
    link.focus({ preventScroll: true });
  };
  const box = make("section", { id: "word", tabIndex: -1, ariaLabel: `${words.word} ${link.textContent}` },
    make("button", { type: "button", textContent: words.close, onclick: leave }),
    make("p", { className: "about", textContent: words.word }), copy);
  $("#talk").append(box);
  box.focus({ preventScroll: true });
  const covered = link.getBoundingClientRect().bottom - box.getBoundingClientRect().top + 12;
  if (covered > 0) scrollBy({ top: covered });
};
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("#care-sheet").open) return;
  if ($("#word")) $("#word button").click();
  else if (isOver() || panel.contains(document.activeElement)) goBack();
});
addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  const does = /^#t\d+q\d+$/.test(link?.hash) ? openSource : link?.hash.startsWith("#w-") && explain;
  if (!does) return;
  closeWord();
  event.preventDefault();
  does(link);
});
