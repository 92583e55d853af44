// The page's own behaviour: numbers lead to marks and back, a sign while an answer is on its way, and repairs to
// Gradio's markup. No text is searched for, nothing is stored, nothing is asked of the network.
(() => {
  const words = window.allchat.words;
  const $ = (selector) => document.querySelector(selector);
  const narrow = () => getComputedStyle($("#srccol")).overflowY !== "auto";
  let chip = null;

  // Numbers and marks -------------------------------------------------------------------------------------------
  const show = (mark) => {
    const folded = mark.closest("details");
    if (folded) folded.open = true;
    document.querySelectorAll(".on").forEach((old) => old.classList.remove("on"));
    const marks = [...document.querySelectorAll("#src mark")];
    const first = mark.closest("mark");
    for (let i = marks.indexOf(first); i >= 0 && i < marks.length; i += 1) {
      if (marks[i] !== first && (marks[i].id || marks[i].querySelector("[id]"))) break;
      marks[i].classList.add("on");
    }
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
    if (event.key === "Escape" && document.activeElement?.closest("#srccol") && chip) back();
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
  const asked = () => ($("#ask")?.value.trim() ? begin() : undefined);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.closest("#print")) print();
    else if (button.matches(".sug, .sug *")) begin();
    else if (button.closest("#ask-box")) asked();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.id === "ask") asked();
  }, true);

  const answered = () => {
    end();
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
      $("#srccol").scrollTo({ top: 0 });
    }
  };

  // Repairs to Gradio's markup ----------------------------------------------------------------------------------
  let heard = "";
  const repair = () => {
    const box = $("#ask-box textarea");
    if (box && box.id !== "ask") box.id = "ask";
    // Gradio names every message by its raw markup, and would read the whole conversation out again and again.
    document.querySelectorAll('#chat [data-testid="bot"][aria-label], #chat [data-testid="user"][aria-label]')
      .forEach((row) => row.removeAttribute("aria-label"));
    const log = $('#chat [role="log"]');
    if (log && log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
    const status = $("#status");
    if (status && !$("#working")) {
      const sign = document.createElement("p");
      sign.id = "working";
      status.before(sign);
      status.setAttribute("role", "status");
    }
    const now = status?.querySelector("[hidden]")?.textContent || "";
    if (now !== heard) {
      heard = now;
      requestAnimationFrame(answered);
    }
    if ($(".toast-body, [data-testid='toast-body']")) end();
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

  const start = () => {
    document.documentElement.lang = words.lang;
    repair();
    new MutationObserver(repair).observe(document.body, { childList: true, subtree: true, characterData: true });
  };
  // Gradio adds this script after the document was read.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
