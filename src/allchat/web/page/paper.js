// What leaves the page: on paper each source is named once, with its rights, and copied words keep their numbers and
// where they stand. ``spoken`` gives the words in the page's language.
window.allchat.leaveWithSources = ({ spoken }) => {
  const $ = (selector) => document.querySelector(selector);
  const make = (name, values, ...inside) => {
    const element = Object.assign(document.createElement(name), values);
    element.append(...inside);
    return element;
  };
  const address = (source) => source.querySelector(":scope > .publisher a")?.href || "";
  addEventListener("beforeprint", () => {
    $("#on-paper")?.remove();
    const named = new Map();
    for (const source of document.querySelectorAll("#opened .source")) {
      named.set(words(source.querySelector("h3")), source);
    }
    if (!named.size) return;
    const list = make("section", { id: "on-paper" }, make("h2", { textContent: spoken().sources }));
    for (const [title, source] of named) {
      const facts = source.querySelectorAll(":scope > .meta, .about p");
      list.append(make("div", {}, make("strong", { textContent: title }), ...[...facts].map((fact) => make("p", {
        textContent: words(fact) })), make("p", { textContent: address(source) })));
    }
    document.body.append(list);
  });
  addEventListener("afterprint", () => $("#on-paper")?.remove());
  const words = (node) => {
    const copy = node.cloneNode(true);
    copy.querySelectorAll(".vh, .qn").forEach((extra) => extra.remove());
    return copy.textContent.trim().replace(/\s+/g, " ");
  };

  const LINES = "p, li, h3, figcaption, summary";
  addEventListener("copy", (event) => {
    const picked = getSelection();
    if (!picked.rangeCount || picked.isCollapsed) return;
    const range = picked.getRangeAt(0);
    if (!$("#chat").contains(range.commonAncestorContainer)) return;
    const part = make("div", {}, range.cloneContents());
    const links = [...part.querySelectorAll('a[href^="#t"]')];
    if (!links.length) return;
    const from = new Map();
    for (const link of links) {
      const mark = document.getElementById(link.hash.slice(1));
      const source = mark?.closest(".source");
      const number = `[${link.firstChild.textContent}]`;
      link.replaceWith(` ${number}`);
      if (!source) continue;
      const place = source.querySelector(`a.${mark.id}`)?.href || address(source);
      from.set(mark.id, `${number} ${words(source.querySelector("h3"))}. ${place}`);
    }
    part.querySelectorAll(".vh, button").forEach((extra) => extra.remove());
    part.querySelectorAll(LINES).forEach((line) => line.append("\n"));
    const text = part.textContent.replace(/[^\S\n]+/g, " ").replace(/ ?\n\s*/g, "\n").trim();
    event.clipboardData.setData("text/plain", `${text}\n\n${[...from.values()].join("\n")}\n`);
    event.preventDefault();
  });
};
