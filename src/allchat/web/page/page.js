// The conversation: a question is shown at once and handed to Gradio, which carries it; what comes back in its hidden
// post, sanitised by Gradio, is moved into the page. Nothing is stored, nothing is asked of the network here. Sources,
// the sheet for the care team, and what goes wrong on the way, have files of their own, which come before this one.
(() => {
  const { paths, words: said } = window.allchat;
  let words = said[window.allchat.language];
  const $ = (selector) => document.querySelector(selector);
  const spoken = () => words;
  // Gradio's style sheets would win over ours: they may come, and change nothing.
  new MutationObserver(() => document.querySelectorAll('head link[rel="stylesheet"]').forEach((sheet) => {
    if (sheet.media !== "not all") sheet.media = "not all";
  })).observe(document.head, { childList: true });
  const [chat, box, note, sign] = ["#chat", "#ask", "#note", "#working"].map($);
  const sources = window.allchat.openSources({ spoken });
  const sheet = window.allchat.careSheet({ spoken });
  window.allchat.leaveWithSources({ spoken });
  const make = (name, values, ...inside) => {
    const element = Object.assign(document.createElement(name), values);
    element.append(...inside);
    return element;
  };

  // Gradio, unseen ----------------------------------------------------------------------------------------------
  const field = (name) => $(`#g-${name} textarea`);
  // What Gradio holds of a box changes with the event that typing causes, not with the value alone.
  const hold = (name, text) => {
    const area = field(name);
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const ready = () => field("message") && $("#g-vote-wrong_quote") && $("#g-post");
  let waiting = null;
  const press = (name) => {
    if (!ready()) return void (waiting = name);
    if (name === "ask") hold("question", pending?.asked || "");
    hold("language", words.lang);
    setTimeout(() => $(`#g-${name}`).click());
  };

  // A question on its way ---------------------------------------------------------------------------------------
  let pending = null;
  let slow = 0;
  const tell = (text, loud = true) => {
    note.textContent = text;
    note.classList.toggle("vh", !loud);
    $("#undo").hidden = true;
  };
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, innerHeight / 3)}px`;
  };
  const began = () => {
    document.body.classList.add("asking");
    tell("");
    sources.closeWord();
    sign.textContent = words.working;
    clearTimeout(slow);
    slow = setTimeout(() => { sign.textContent = words.working_long; }, 10000);
  };
  const ended = () => {
    document.body.classList.remove("asking");
    clearTimeout(slow);
    sign.textContent = "";
  };
  const send = (text) => {
    if (pending) return;
    if (!text.trim()) return press("ask");
    const turn = make("article", { className: "turn" }, make("h3", { className: "asked", textContent: text }));
    pending = { asked: text, turn };
    document.body.classList.add("talking");
    chat.querySelectorAll(".next").forEach((old) => { old.hidden = true; });
    chat.append(turn);
    began();
    if (box.value === text) box.value = "";
    grow();
    // On a phone the keyboard goes away, so that the answer has its room.
    if (matchMedia("(pointer: coarse)").matches) box.blur();
    turn.scrollIntoView();
    press("ask");
  };
  // No answer came: what was asked goes back into the box, and what is wrong is said above it.
  const stop = (text) => {
    ended();
    pending?.turn.remove();
    if (pending && !box.value) box.value = pending.asked;
    pending = null;
    grow();
    const last = [...chat.querySelectorAll(".next")].pop();
    if (last) last.hidden = false;
    document.body.classList.toggle("talking", Boolean(chat.firstElementChild));
    tell(text);
  };

  window.allchat.watchConnection({ spoken, stop });

  // What comes back ---------------------------------------------------------------------------------------------
  const buttons = (part) => part.querySelectorAll("a.start, a.again, a.vote").forEach((link) => {
    link.replaceWith(make("button", { type: "button", className: link.className, textContent: link.textContent }));
  });
  const speakers = (part, from) => part.querySelectorAll("blockquote").forEach((quote) => {
    // Quotes are in the language of their source, whatever language the page speaks.
    const chip = quote.querySelector('a[href^="#t"]');
    const body = chip && from.querySelector(`[id="${chip.hash.slice(1)}"]`)?.closest("[lang]");
    if (body) quote.lang = body.lang;
  });
  const outside = (part) => part.querySelectorAll('a[href^="/"]').forEach((link) => {
    Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
    if (!link.querySelector(".vh")) link.append(make("span", { className: "vh", textContent: ` ${words.new_tab}` }));
  });
  const answered = (post, told) => {
    const turn = pending?.turn || make("article", { className: "turn" });
    pending = null;
    ended();
    const from = post.querySelector(".sources");
    const said = post.querySelector(".said");
    speakers(said, from);
    const next = post.querySelector(".next");
    turn.replaceChildren(...[post.querySelector(".asked"), said, next].filter(Boolean));
    buttons(turn);
    outside(turn);
    chat.querySelectorAll(".next").forEach((old) => { if (old !== next) old.hidden = true; });
    chat.append(turn);
    sources.take(from);
    document.body.classList.add("talking");
    $("#tools").hidden = false;
    if (said.querySelector(".broken")) box.value = turn.querySelector(".asked").textContent;
    grow();
    tell(told, false);
    turn.scrollIntoView();
  };
  let heard = "";
  const look = () => {
    const stamp = $("#g-post .stamp")?.textContent || "";
    if (stamp && stamp !== heard) {
      heard = stamp;
      const held = $("#g-post .stamp").parentElement;
      const post = held.cloneNode(true);
      // It is read once: names must not be in the document twice, nor words that were cleared once.
      for (const part of held.children) if (!part.matches(".stamp")) part.textContent = "";
      const told = post.querySelector(".told").textContent;
      if (post.querySelector(".said")) answered(post, told);
      else if (pending) stop(told);
      else noted(told);
    }
    if (waiting && ready()) {
      const name = waiting;
      waiting = null;
      press(name);
    }
    document.body.classList.toggle("ready", Boolean(ready()));
    const toast = $(".toast-body:not([data-told])");
    if (!toast) return;
    toast.dataset.told = "yes";
    if (pending) stop(words.no_connection);
  };
  const noted = (told) => {
    tell(told);
    if (chat.querySelector(".votes.given")) chat.querySelectorAll(".votes").forEach((votes) => votes.remove());
  };
  new MutationObserver(look).observe($("gradio-app"), { childList: true, subtree: true, characterData: true });

  // Clear, with a way back as long as nothing new is asked; it is in memory alone ------------------------------------
  let cleared = null;
  const clear = () => {
    if (pending) return;
    sources.closeWord();
    sources.hide();
    const kept = ["asked", "trail"].map((name) => [name, field(name).value]);
    const parts = [chat, sources.kept].map((part) => [part, [...part.children]]);
    cleared = { kept, parts, sheet: sheet.take() };
    parts.forEach(([part]) => part.replaceChildren());
    hold("asked", "[]");
    hold("trail", "");
    document.body.classList.remove("talking");
    $("#tools").hidden = true;
    tell(words.cleared);
    $("#undo").hidden = false;
    setTimeout(() => forget(), 60000);
    scrollTo(0, 0);
  };
  const forget = () => {
    if (!cleared) return;
    cleared = null;
    $("#undo").hidden = true;
  };
  const undo = () => {
    if (!cleared) return;
    cleared.kept.forEach(([name, text]) => hold(name, text));
    cleared.parts.forEach(([part, children]) => part.replaceChildren(...children));
    sheet.give(cleared.sheet);
    cleared = null;
    document.body.classList.add("talking");
    $("#tools").hidden = false;
    tell("");
    box.focus();
  };

  // Languages: in place, so that the conversation stays ----------------------------------------------------------
  const speak = (language) => {
    words = said[language];
    document.documentElement.lang = language;
    document.title = `${words.title}: ${words.subtitle}`;
    document.querySelectorAll("[data-say]").forEach((part) => { part.textContent = words[part.dataset.say]; });
    document.querySelectorAll("[data-name]").forEach((part) => {
      part.setAttribute("aria-label", words[part.dataset.name]);
    });
    box.placeholder = words[box.dataset.hint];
    for (const part of $("#starters").children) part.hidden = part.lang !== language;
    for (const link of document.querySelectorAll(".languages a")) {
      if (link.lang === language) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    history.replaceState(history.state, "", paths[language]);
    sources.closeWord();
    sheet.close();
  };

  // What a family does ------------------------------------------------------------------------------------------
  addEventListener("click", (event) => {
    const touched = event.target.closest?.("button, .languages a");
    if (!touched) return;
    if (touched.matches(".languages a")) {
      event.preventDefault();
      if (!touched.getAttribute("aria-current")) speak(touched.lang);
    } else if (touched.matches(".start")) { forget(); send(touched.textContent); }
    else if (touched.matches(".again") && !pending) {
      pending = { asked: "", turn: make("article", { className: "turn" }) };
      began();
      press("again");
    } else if (touched.matches(".vote")) {
      touched.parentElement.classList.add("given");
      press(`vote-${[...touched.classList].find((name) => name !== "vote")}`);
    } else if (touched.id === "send") { forget(); send(box.value); }
    else if (touched.id === "print") print();
    else if (touched.id === "sheet") sheet.open();
    else if (touched.id === "clear") clear();
    else if (touched.id === "undo") undo();
  });
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    forget();
    send(box.value);
  });
  addEventListener("beforeunload", (event) => { if (chat.firstElementChild) event.preventDefault(); });

  buttons($("#starters"));
  grow();
  look();
  // Gradio names the browser's language here, whatever the page speaks.
  new MutationObserver(() => {
    if (document.documentElement.lang !== words.lang) document.documentElement.lang = words.lang;
  }).observe(document.documentElement, { attributeFilter: ["lang"] });
})();
