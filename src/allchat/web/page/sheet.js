// The sheet for the care team: made here of what the page shows; it is neither sent nor stored.
// ``spoken`` gives the words in the page's language.
window.allchat.careSheet = ({ spoken }) => {
  const $ = (selector) => document.querySelector(selector);
  let sheet = null;
  const make = (name, values = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(values)) element[key] = value;
    element.append(...inside);
    return element;
  };
  const today = () => {
    const words = spoken();
    const day = new Date();
    const values = { day: day.getDate(), month: words.months[day.getMonth()], year: day.getFullYear() };
    return words.date.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
  const plainly = (node) => {
    // Links of the page mean nothing on paper: numbers stay as numbers, words as words.
    node.querySelectorAll(".vh, button, .qn").forEach((extra) => extra.remove());
    node.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    node.querySelectorAll('a[href^="#"]').forEach((link) => {
      const number = /^#t\d+q\d+$/.test(link.getAttribute("href"));
      link.replaceWith(number ? `[${link.textContent.trim()}]` : link.textContent);
    });
    return node;
  };
  const headingOf = (mark) => {
    const before = (head) => head.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING;
    const heads = [...mark.closest(".body").querySelectorAll("h4")];
    return heads.filter((head) => head.contains(mark) || before(head)).pop();
  };
  const paragraphs = (facts) => [...facts].map((fact) => make("p", { textContent: fact.textContent }));
  const sourcesOf = (row) => {
    const names = [...row.querySelectorAll('a[href^="#t"]')].map((link) => link.getAttribute("href").slice(1));
    const marks = [...new Set(names)].map((name) => document.getElementById(name)).filter(Boolean);
    const bySource = new Map();
    for (const mark of marks) {
      const source = mark.closest(".source");
      bySource.set(source, [...(bySource.get(source) || []), mark]);
    }
    return [...bySource].map(([source, quoted]) => {
      const places = quoted.map((mark) => {
        const head = headingOf(mark);
        const title = head ? plainly(head.cloneNode(true)).textContent.trim() : "";
        return make("li", {}, `[${/q(\d+)$/.exec(mark.id)[1]}] ${title}`);
      });
      const facts = paragraphs(source.querySelectorAll(":scope > .meta"));
      const address = source.querySelector(":scope > .publisher a")?.href || "";
      const rights = paragraphs(source.querySelectorAll(".about p"));
      const name = make("p", {}, make("strong", { textContent: source.querySelector("h3").textContent }));
      const told = [name, ...facts, make("p", { textContent: address }), ...rights];
      return make("div", { className: "from" }, ...told, make("ul", {}, ...places));
    });
  };
  const turnsOf = () => {
    const words = spoken();
    return [...document.querySelectorAll("#chat .turn")].map((row) => {
      const box = make("input", { type: "checkbox", checked: true });
      const label = make("label", {}, box, make("span", { className: "vh", textContent: `${words.sheet_take} ` }),
        make("strong", { textContent: row.querySelector(".asked").textContent }));
      const body = make("div", { className: "body" });
      // The call line of an earlier alarm is no part of this answer.
      const said = [...row.querySelector(".said").childNodes];
      const parts = said.filter((part) => !part.classList?.contains("kept"));
      for (const part of parts) body.append(part.cloneNode(true));
      const from = sourcesOf(row);
      const sources = from.length ? [make("h4", { textContent: words.sheet_from }), ...from] : [];
      return make("section", { className: "taken" }, make("h3", {}, label), plainly(body), ...sources);
    });
  };
  const written = (box, copy) => {
    copy.textContent = box.value;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 4}px`;
  };
  const open = () => {
    const words = spoken();
    const notes = sheet?.querySelector("textarea").value || "";
    const parts = [...sheet?.querySelectorAll(".taken") || []];
    const left = new Set(parts.map((part, at) => (part.querySelector("input").checked ? -1 : at)));
    sheet?.remove();
    const area = make("textarea", { id: "notes", rows: 4, value: notes, autocomplete: "off" });
    const copy = make("div", { className: "written" });
    const turns = turnsOf();
    turns.forEach((turn, at) => {
      turn.querySelector("input").checked = !left.has(at);
      turn.classList.toggle("left", left.has(at));
    });
    const button = (text, what) => make("button", { type: "button", textContent: text, onclick: what });
    sheet = make("dialog", { id: "care-sheet", onclose: () => $("#sheet").focus() },
      make("div", { className: "buttons" }, button(words.close, () => sheet.close()),
        button(words.sheet_print, () => print()), button(words.sheet_save, save)),
      make("h2", { textContent: words.sheet_title, id: "sheet-title", tabIndex: -1 }),
      make("p", { className: "about intro", textContent: turns.length ? words.sheet_intro : words.sheet_empty }),
      make("h3", { className: "noted" }, make("label", { htmlFor: "notes", textContent: words.sheet_notes })),
      area, copy, ...turns,
      make("p", { className: "about", textContent: words.sheet_made.replace("{date}", today()) }));
    sheet.setAttribute("aria-labelledby", "sheet-title");
    sheet.addEventListener("change", (event) => {
      event.target.closest(".taken")?.classList.toggle("left", !event.target.checked);
    });
    area.addEventListener("input", () => written(area, copy));
    document.body.append(sheet);
    sheet.showModal();
    $("#sheet-title").focus();
    written(area, copy);
  };
  // The look of the sheet that is saved as a file.
  const STYLE = [
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.5 sans-serif}",
    "blockquote{margin:.5rem 0;padding-left:.9rem;border-left:4px solid #0b3d91}",
    ".written{white-space:pre-wrap;min-height:5rem}",
    ".from,.about{font-size:.9rem}",
  ].join("");
  const save = () => {
    const words = spoken();
    const body = sheet.cloneNode(true);
    body.querySelectorAll(".buttons, .intro, .left, textarea, input, .vh").forEach((extra) => extra.remove());
    body.querySelectorAll("label").forEach((label) => label.replaceWith(...label.childNodes));
    const head = make("head", {}, make("meta", { content: "text/html; charset=utf-8", httpEquiv: "content-type" }),
      make("title", { textContent: words.sheet_title }), make("style", { textContent: STYLE }));
    const page = make("html", { lang: words.lang }, head, make("body", {}, ...body.childNodes));
    const address = URL.createObjectURL(new Blob([`<!doctype html>\n${page.outerHTML}`], { type: "text/html" }));
    make("a", { href: address, download: `${words.sheet_file}.html` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };
  // Cleared with the conversation, it can come back with it.
  const take = () => {
    const taken = sheet;
    sheet?.remove();
    sheet = null;
    return taken;
  };
  const give = (taken) => {
    sheet = taken;
    if (sheet) document.body.append(sheet);
  };
  return { open, take, give, close: () => sheet?.close() };
};
