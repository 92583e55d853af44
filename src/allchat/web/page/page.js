// The page's own behaviour: numbers lead to marks and back, a sign while an answer is on its way, and repairs to
// Gradio's markup. No text is searched for, nothing is stored, nothing is asked of the network. The sheet for the care
// team and what goes wrong on the way to an answer have files of their own, which come before this one.
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
  const sheet = window.allchat.careSheet({ spoken: () => words });

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
    sheet.close();
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
    else if (button.closest("#sheet")) sheet.open();
    else if (button.closest("#clear")) forget();
    else if (button.matches(".sug, .sug *")) begin();
    else if (button.closest("#ask-box")) asked();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.id === "ask") asked();
  }, true);

  const forget = () => {
    close();
    sheet.forget();
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
      const below = first && first.bottom > limit.bottom;
      if (below) sources.scrollTo({ top: first.top - limit.top - sources.clientHeight / 4 });
    }
  };

  window.allchat.watchConnection({ spoken: () => words, stop });

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

  // The box that is there before Gradio: what was typed goes on in Gradio's, what was sent is sent -----------------
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
