// The sheet for the care team: made here of what the page shows; it is neither sent nor stored.
const [sheet, notes, taken] = ["#care-sheet", "#notes", "#taken"].map($);
// The words of a part, without what stands in it for the eye or the ear alone.
const plainly = (part) => {
  const copy = part.cloneNode(true);
  $$(".vh, .qn, button", copy).forEach((extra) => extra.remove());
  $$("[id]", copy).forEach((one) => one.removeAttribute("id"));
  // Links of the page mean nothing on paper: numbers stay as numbers, words as words.
  $$('a[href^="#"]', copy).forEach((link) => {
    link.replaceWith(/^#t\d+q/.test(link.hash) ? `[${link.textContent.trim()}]` : link.textContent);
  });
  return copy;
};
const marksOf = (part) => {
  const names = new Set($$('a[href^="#t"]', part).map((link) => link.hash.slice(1)));
  return [...names].map((name) => document.getElementById(name)).filter(Boolean);
};
// Where the quotes of an answer are from: the server says it beside each source, for paper alone.
const fromOf = (turn) => {
  const sources = marksOf(turn)[0]?.closest(".sources");
  return sources ? $$(".from", sources).map((from) => from.cloneNode(true)) : [];
};
const takenFrom = (turn, checked) => {
  const from = fromOf(turn);
  const label = make("label", {}, make("input", { type: "checkbox", checked }),
    make("span", { className: "vh", textContent: `${words.sheet_take} ` }),
    make("strong", { textContent: turn.querySelector(".asked").textContent }));
  const body = plainly(turn.querySelector(".said"));
  body.className = "body";
  // The call line of an earlier alarm is no part of this answer.
  $$(":scope > .kept", body).forEach((line) => line.remove());
  const heads = from.length ? [make("h4", { textContent: words.sheet_from }), ...from] : [];
  const part = make("section", { className: "taken" }, make("h3", {}, label), body, ...heads);
  part.classList.toggle("left", !checked);
  return part;
};
const openSheet = () => {
  const left = $$("input", taken).map((box) => !box.checked);
  taken.replaceChildren(...$$("#chat .turn:has(.said)").map((turn, at) => takenFrom(turn, !left[at])));
  $("#sheet-intro").textContent = taken.firstChild ? words.sheet_intro : words.sheet_empty;
  const day = new Date();
  const date = { day: day.getDate(), month: words.months[day.getMonth()], year: day.getFullYear() };
  const today = words.date.replace(/\{(\w+)\}/g, (_, name) => date[name]);
  $("#sheet-made").textContent = words.sheet_made.replace("{date}", today);
  sheet.showModal();
  $("#sheet-title").focus();
};
// A box prints no more than it shows: what is written is on paper as text.
const written = () => { $(".written").textContent = notes.value; };
notes.addEventListener("input", written);
sheet.addEventListener("change", (event) => {
  event.target.closest(".taken")?.classList.toggle("left", !event.target.checked);
});
// The look of the sheet that is saved as a file.
const PAPER = `body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.5 sans-serif }
blockquote { margin: .5rem 0; padding-left: .9rem; border-left: 4px solid #0b3d91 }
.written { white-space: pre-wrap; min-height: 5rem }
.from, .about { font-size: .9rem }`;
const saveSheet = () => {
  const body = sheet.cloneNode(true);
  $$(".buttons, .intro, .left, textarea, input, .vh", body).forEach((extra) => extra.remove());
  $$("label", body).forEach((label) => label.replaceWith(...label.childNodes));
  const head = make("head", {}, make("meta", { content: "text/html; charset=utf-8", httpEquiv: "content-type" }),
    make("title", { textContent: words.sheet_title }), make("style", { textContent: PAPER }));
  const page = make("html", { lang: words.lang }, head, make("body", {}, ...body.childNodes));
  const address = URL.createObjectURL(new Blob([`<!doctype html>\n${page.outerHTML}`], { type: "text/html" }));
  make("a", { href: address, download: `${words.sheet_file}.html` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
};
// Cleared with the conversation, it can come back with it.
const fillSheet = ([text, parts]) => {
  notes.value = text;
  taken.replaceChildren(...parts);
  written();
};
const emptySheet = () => {
  const before = [notes.value, [...taken.children]];
  fillSheet(["", []]);
  return before;
};
