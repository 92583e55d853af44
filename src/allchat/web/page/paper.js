// What leaves the page: on paper each source is named once, with its rights, and copied words keep their numbers and
// where they stand.
addEventListener("beforeprint", () => {
  const named = new Map($$("#opened .from").map((from) => [from.firstElementChild.textContent, from]));
  const list = [...named.values()].map((from) => from.cloneNode(true));
  $("#on-paper").replaceChildren(make("h2", { textContent: words.sources }), ...list);
  $("#on-paper").hidden = !list.length;
});
addEventListener("copy", (event) => {
  const picked = getSelection();
  const range = picked.rangeCount && !picked.isCollapsed && picked.getRangeAt(0);
  if (!range || !$("#chat").contains(range.commonAncestorContainer)) return;
  const part = make("div", {}, range.cloneContents());
  const from = marksOf(part).map((mark) => {
    const source = mark.closest(".source");
    const place = source.querySelector(`a.${mark.id}`).href;
    return `[${/\d+$/.exec(mark.id)[0]}] ${source.querySelector("h3").textContent}. ${place}`;
  });
  if (!from.length) return;
  const copy = plainly(part);
  $$("p, li, h3, figcaption, summary", copy).forEach((line) => line.append("\n"));
  const text = copy.textContent.replace(/[^\S\n]+/g, " ").replace(/ ?\n\s*/g, "\n").trim();
  event.clipboardData.setData("text/plain", `${text}\n\n${from.join("\n")}\n`);
  event.preventDefault();
});
