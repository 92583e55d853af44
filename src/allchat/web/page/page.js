// The page's own behaviour: numbers lead to marks and back, a sign while an answer is on its way, and repairs to
// Gradio's markup. No text is searched for, nothing is stored, nothing is asked of the network.
(() => {
  const { paths, words: said } = window.allchat;
  let words = said[window.allchat.language];
  const $ = (selector) => document.querySelector(selector);
  // Gradio adds its style sheets behind ours, and would win; adopted sheets come last.
  const look = new CSSStyleSheet();
  look.replaceSync($("#look").textContent);
  document.adoptedStyleSheets = [look];
  const narrow = () => getComputedStyle($("#srccol")).overflowY !== "auto";
  // What Gradio holds of a box changes with the event that typing causes, not with the value alone.
  const fill = (text) => {
    const box = $("#ask");
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    return box;
  };
  const send = () => setTimeout(() => $("#ask-box button").click());
  let chip = null;

  // Numbers and marks -------------------------------------------------------------------------------------------
  const show = (mark) => {
    const folded = mark.closest("details");
    if (folded) folded.open = true;
    document.querySelectorAll(".on").forEach((old) => old.classList.remove("on"));
    document.querySelectorAll(`#src .${mark.id}`).forEach((part) => part.classList.add("on"));
    const pane = $("#srccol");
    const top = mark.getBoundingClientRect().top;
    if (narrow()) scrollTo({ top: top + scrollY - innerHeight / 4 });
    else pane.scrollTo({ top: top - pane.getBoundingClientRect().top + pane.scrollTop - pane.clientHeight / 4 });
    mark.focus({ preventScroll: true });
  };

  const back = () => {
    if (!chip || !chip.isConnected) return $("#ask")?.focus();
    chip.focus({ preventScroll: true });
    chip.scrollIntoView({ block: "center" });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a.ret, a[href^="#"]');
    if (!link) return;
    if (link.classList.contains("ret")) {
      event.preventDefault();
      back();
    } else if (link.classList.contains("start")) {
      event.preventDefault();
      fill(link.textContent);
      send();
    } else if (link.getAttribute("href").startsWith("#w-")) {
      event.preventDefault();
      explain(link);
    } else {
      const target = document.getElementById(link.getAttribute("href").slice(1));
      if (!target) return;
      event.preventDefault();
      if (/^#t\d+q\d+$/.test(link.getAttribute("href"))) {
        chip?.classList.remove("on");
        chip = link;
        show(target);
        link.classList.add("on");
      } else target.focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if ($("#word")) close(true);
    else if (document.activeElement?.closest("#srccol") && chip) back();
  });

  // Hard words: what the source says of a word, in a box at the foot of the window ----------------------------------
  let asking = null;
  const explain = (link) => {
    const told = document.getElementById(link.getAttribute("href").slice(1));
    if (!told) return;
    close();
    asking = link;
    const box = document.createElement("section");
    box.id = "word";
    box.tabIndex = -1;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", `${words.word} ${link.textContent}`);
    const head = document.createElement("p");
    head.className = "about";
    head.textContent = words.word;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.close;
    button.addEventListener("click", () => close(true));
    const copy = told.cloneNode(true);
    copy.removeAttribute("id");
    copy.removeAttribute("tabindex");
    // In the box the word heads a part of the page, not a part of the sources.
    const title = document.createElement("h2");
    title.textContent = copy.querySelector("h4").textContent;
    title.lang = copy.querySelector("h4").lang;
    copy.querySelector("h4").replaceWith(title);
    box.append(button, head, copy);
    $("main.contain, .gradio-container main").append(box);
    box.focus({ preventScroll: true });
    const covered = link.getBoundingClientRect().bottom - box.getBoundingClientRect().top + 12;
    if (covered > 0) (narrow() ? window : $("#talk")).scrollBy({ top: covered });
  };
  const close = (again) => {
    $("#word")?.remove();
    if (again) asking?.focus({ preventScroll: true });
  };

  // Languages: in place, so that the conversation stays ---------------------------------------------------------------
  const speak = (language) => {
    if (!said[language] || words.lang === language) return;
    words = said[language];
    document.documentElement.lang = language;
    document.title = `${words.title}: ${words.subtitle}`;
    for (const each of Object.keys(said)) $(`.top-${each}`).hidden = each !== language;
    document.body.prepend($(`.top-${language}`)); // the ways past the head must be the first of all links
    history.replaceState(null, "", paths[language]);
    close();
    sheet?.close();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".languages a");
    const button = link && $(`#speak-${link.lang}`);
    if (!button) return; // Gradio is not there yet: the link itself leads to the other page
    event.preventDefault();
    if (link.getAttribute("aria-current")) return;
    button.click();
    speak(link.lang);
    $(`.top-${link.lang} .languages [aria-current]`).focus();
  });

  // A sign while an answer is on its way ------------------------------------------------------------------------
  let slow = 0;
  const say = (text) => {
    const sign = $("#working");
    if (sign) sign.textContent = text;
    document.body.classList.toggle("asking", text !== "");
  };
  const begin = () => {
    clearTimeout(slow);
    say(words.working);
    slow = setTimeout(() => say(words.working_long), 10000);
  };
  const end = () => {
    clearTimeout(slow);
    say("");
  };
  const stop = (text) => {
    clearTimeout(slow);
    say(text);
    document.body.classList.remove("asking");
  };
  const asked = () => ($("#ask")?.value.trim() ? begin() : undefined);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.closest("#print")) print();
    else if (button.closest("#sheet")) openSheet();
    else if (button.closest("#clear")) forget();
    else if (button.matches(".sug, .sug *")) begin();
    else if (button.closest("#ask-box")) asked();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.id === "ask") asked();
  }, true);

  const forget = () => {
    close();
    sheet?.remove();
    sheet = null;
  };
  const answered = () => {
    end();
    close();
    const turns = document.querySelectorAll("#chat .user-row");
    const last = turns[turns.length - 1];
    if (!last) return;
    const pane = $("#talk");
    const top = last.getBoundingClientRect().top;
    if (narrow()) {
      const bar = $(".emergency").getBoundingClientRect().height;
      scrollTo({ top: top + scrollY - bar - 12 });
    } else {
      pane.scrollTo({ top: top - pane.getBoundingClientRect().top + pane.scrollTop - 8 });
      const sources = $("#srccol");
      sources.scrollTo({ top: 0 });
      const first = $("#src div.turn mark")?.getBoundingClientRect();
      const limit = sources.getBoundingClientRect();
      if (first && first.bottom > limit.bottom) sources.scrollTo({ top: first.top - limit.top - sources.clientHeight / 4 });
    }
  };

  // What went wrong on the way ------------------------------------------------------------------------------------
  // Gradio shows a bare "Error", or nothing at all, where a question was turned away: it is said in our words. It takes
  // no further question after a lost connection; so a loss is handed to it as a failed question, and it goes on.
  const fetching = window.fetch;
  let running = "";
  const join = async (request) => {
    const answer = await fetching(...request).catch(() => null);
    if (!answer) stop(words.no_connection);
    else if (answer.ok) running = (await answer.clone().json()).event_id;
    else stop(answer.status === 429 || answer.status === 503 ? words.busy : words.broken);
    return answer || new Response('{"detail": "no connection"}', { status: 504 });
  };
  const failed = () => {
    stop(words.no_connection);
    const events = [
      { msg: "process_completed", event_id: running, success: false, output: { error: "no connection" } },
      { msg: "close_stream", event_id: null },
    ];
    return new TextEncoder().encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  };
  const follow = async (request) => {
    // Gradio itself ends a stream that it has read: that is no loss.
    const lost = (error) => (error.name === "AbortError" ? { done: true } : { lost: true });
    const answer = await fetching(...request).then((came) => (came.ok ? came : { lost: true }), lost);
    const reader = answer.body?.getReader();
    const body = new ReadableStream({
      async pull(out) {
        const piece = reader ? await reader.read().catch(lost) : answer;
        if (piece.value) return out.enqueue(piece.value);
        if (piece.lost) out.enqueue(failed());
        return out.close();
      },
      cancel: (reason) => reader?.cancel(reason),
    });
    return new Response(body, { status: 200, headers: { "content-type": "text/event-stream" } });
  };
  window.fetch = (...request) => {
    const url = String(request[0]?.url || request[0]);
    if (url.includes("/queue/join")) return join(request);
    return url.includes("/queue/data") ? follow(request) : fetching(...request);
  };

  // The sheet for the care team: made here of what the page shows; it is neither sent nor stored ---------------------
  let sheet = null;
  const make = (name, values = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(values)) element[key] = value;
    element.append(...inside);
    return element;
  };
  const today = () => {
    const day = new Date();
    const values = { day: day.getDate(), month: words.months[day.getMonth()], year: day.getFullYear() };
    return words.date.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
  const plainly = (node) => {
    // Links of the page mean nothing on paper: numbers stay as numbers, words as words.
    node.querySelectorAll(".vh, button, .ret, .qn").forEach((extra) => extra.remove());
    node.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    node.querySelectorAll('a[href^="#"]').forEach((link) => {
      const number = /^#t\d+q\d+$/.test(link.getAttribute("href"));
      link.replaceWith(number ? `[${link.textContent.trim()}]` : link.textContent);
    });
    return node;
  };
  const headingOf = (mark) => [...mark.closest(".body").querySelectorAll("h4")]
    .filter((head) => head.contains(mark) || head.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
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
      const facts = [...source.querySelectorAll(":scope > .meta")].map((fact) => make("p", { textContent: fact.textContent }));
      const address = source.querySelector(":scope > .publisher a")?.href || "";
      const rights = [...source.querySelectorAll(".about p")].map((fact) => make("p", { textContent: fact.textContent }));
      const name = make("p", {}, make("strong", { textContent: source.querySelector("h3").textContent }));
      return make("div", { className: "from" }, name, ...facts, make("p", { textContent: address }), ...rights, make("ul", {}, ...places));
    });
  };
  const turnsOf = () => {
    const asked = [...document.querySelectorAll("#chat .user-row")];
    const answers = [...document.querySelectorAll("#chat .bot-row")];
    return answers.map((row, number) => {
      const box = make("input", { type: "checkbox", checked: true });
      const label = make("label", {}, box, make("span", { className: "vh", textContent: `${words.sheet_take} ` }),
        make("strong", { textContent: asked[number]?.innerText.trim() || "" }));
      const body = make("div", { className: "body" });
      for (const part of row.querySelector(".prose, .md").childNodes) body.append(part.cloneNode(true));
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
  const openSheet = () => {
    const notes = sheet?.querySelector("textarea").value || "";
    const left = new Set([...sheet?.querySelectorAll(".taken") || []].map((part, at) => (part.querySelector("input").checked ? -1 : at)));
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
      make("h3", { className: "noted" }, make("label", { htmlFor: "notes", textContent: words.sheet_notes })), area, copy, ...turns,
      make("p", { className: "about", textContent: words.sheet_made.replace("{date}", today()) }));
    sheet.setAttribute("aria-labelledby", "sheet-title");
    sheet.addEventListener("change", (event) => event.target.closest(".taken")?.classList.toggle("left", !event.target.checked));
    area.addEventListener("input", () => written(area, copy));
    document.body.append(sheet);
    sheet.showModal();
    $("#sheet-title").focus();
    written(area, copy);
  };
  const save = () => {
    const body = sheet.cloneNode(true);
    body.querySelectorAll(".buttons, .intro, .left, textarea, input, .vh").forEach((extra) => extra.remove());
    body.querySelectorAll("label").forEach((label) => label.replaceWith(...label.childNodes));
    const style = "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.5 sans-serif}blockquote{margin:.5rem 0;padding-left:.9rem;border-left:4px solid #0b3d91}.written{white-space:pre-wrap;min-height:5rem}.from,.about{font-size:.9rem}";
    const page = make("html", { lang: words.lang }, make("head", {}, make("meta", { content: "text/html; charset=utf-8", httpEquiv: "content-type" }),
      make("title", { textContent: words.sheet_title }), make("style", { textContent: style })), make("body", {}, ...body.childNodes));
    const address = URL.createObjectURL(new Blob([`<!doctype html>\n${page.outerHTML}`], { type: "text/html" }));
    make("a", { href: address, download: `${words.sheet_file}.html` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  // Repairs to Gradio's markup ----------------------------------------------------------------------------------
  let heard = "";
  const repair = () => {
    const box = $("#ask-box textarea");
    if (box && box.id !== "ask") {
      box.id = "ask";
      arrived();
    }
    // Gradio names every message by its raw markup, and would read the whole conversation out again and again.
    document.querySelectorAll('#chat [data-testid="bot"][aria-label], #chat [data-testid="user"][aria-label]')
      .forEach((row) => row.removeAttribute("aria-label"));
    // Quotes are in the language of their source, whatever language the page speaks.
    document.querySelectorAll("#chat blockquote:not([lang])").forEach((quote) => {
      const chip = quote.querySelector('a[href^="#t"]');
      const spoken = chip && document.getElementById(chip.getAttribute("href").slice(1))?.closest("[lang]");
      if (spoken) quote.lang = spoken.lang;
    });
    const log = $('#chat [role="log"]');
    if (log && log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
    const status = $("#status");
    if (status && !$("#working")) {
      const sign = document.createElement("p");
      sign.id = "working";
      sign.setAttribute("role", "status");
      status.before(sign);
      status.setAttribute("role", "status");
    }
    const now = status?.querySelector("[hidden]")?.textContent || "";
    if (now !== heard) {
      const first = heard === "";
      heard = now;
      speak(now.split(" ")[1]);
      if (!first || $("#chat .bot-row")) requestAnimationFrame(answered);
    }
    const toast = $(".toast-body:not([data-told])");
    if (toast) {
      toast.dataset.told = "yes";
      if (document.body.classList.contains("asking")) stop(words.no_connection);
    }
  };

  const folds = new Map();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((fold) => {
    folds.set(fold, fold.open);
    fold.open = true;
  }));
  addEventListener("afterprint", () => {
    folds.forEach((open, fold) => { fold.open = open; });
    folds.clear();
  });

  // The box that is there before Gradio: what was typed goes on in Gradio's, what was sent is sent ---------------------
  let sent = false;
  const early = () => $("#early-ask");
  const ask = () => {
    if (!early().value.trim()) return;
    sent = true;
    $("#early [role=status]").textContent = words.working;
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "early-ask" || event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    ask();
  });
  const arrived = () => {
    const box = early();
    if (!box) return;
    const [text, at, held] = [box.value, box.selectionStart, document.activeElement === box];
    $("#early").remove();
    document.body.classList.remove("early");
    if (text) fill(text);
    if (held) {
      $("#ask").focus();
      $("#ask").setSelectionRange(at, at);
    }
    if (sent) send();
  };

  const start = () => {
    $("#early button").addEventListener("click", ask);
    repair();
    new MutationObserver(repair).observe(document.body, { childList: true, subtree: true, characterData: true });
    // Gradio names the browser's language here, whatever the page speaks.
    const name = () => {
      if (document.documentElement.lang !== words.lang) document.documentElement.lang = words.lang;
    };
    new MutationObserver(name).observe(document.documentElement, { attributeFilter: ["lang"] });
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
