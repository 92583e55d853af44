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
    const answer = await fetching(...request).catch(lost);
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
      sign.setAttribute("role", "status");
      status.before(sign);
      status.setAttribute("role", "status");
    }
    const now = status?.querySelector("[hidden]")?.textContent || "";
    if (now !== heard) {
      heard = now;
      requestAnimationFrame(answered);
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

  const start = () => {
    document.documentElement.lang = words.lang;
    repair();
    new MutationObserver(repair).observe(document.body, { childList: true, subtree: true, characterData: true });
  };
  // Gradio adds this script after the document was read.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
