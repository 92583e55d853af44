// Where quotes stand: a number opens its source over the answer on a phone, beside it in a wide window, and the way
// back is always there. Hard words open at the foot. No text is searched for. ``spoken`` gives the words in the page's
// language.
window.allchat.openSources = ({ spoken }) => {
  const $ = (selector) => document.querySelector(selector);
  const wide = matchMedia("(min-width: 62rem)");
  const [panel, opened] = [$("#src"), $("#opened")];
  let chip = null;
  const over = () => !panel.hidden && !wide.matches;
  // Over the answer, all but the bar with the numbers to call and the source itself is out of reach.
  const place = () => {
    document.body.classList.toggle("over", over());
    document.body.classList.toggle("beside", !panel.hidden && wide.matches);
    $("#talk").inert = over();
  };
  const light = (link) => {
    document.querySelectorAll(".on").forEach((old) => old.classList.remove("on"));
    if (!link) return;
    link.classList.add("on");
    document.querySelectorAll(`#opened .${link.hash.slice(1)}`).forEach((part) => part.classList.add("on"));
  };
  const only = (sources) => {
    for (const each of opened.children) each.hidden = each !== sources;
    panel.hidden = !sources;
    place();
  };
  const lead = (sources, mark) => {
    const whole = mark && sources.querySelector(`a.${mark.id}`);
    $("#whole").hidden = !whole;
    if (whole) $("#whole").href = whole.href;
  };
  const open = (link) => {
    const mark = document.getElementById(link.hash.slice(1));
    const sources = mark?.closest(".sources");
    if (!sources) return;
    closeWord();
    const pushed = over();
    only(sources);
    chip = link;
    light(link);
    lead(sources, mark);
    if (over() && !pushed) history.pushState({ source: true }, "");
    const top = mark.getBoundingClientRect().top - opened.getBoundingClientRect().top;
    opened.scrollTop += top - opened.clientHeight / 4;
    mark.focus({ preventScroll: true });
  };
  const close = () => {
    if (panel.hidden) return;
    if (over()) panel.hidden = true;
    place();
    if (!chip?.isConnected) return $("#ask").focus();
    chip.focus({ preventScroll: true });
    const box = chip.getBoundingClientRect();
    const covered = box.top < 60 || box.bottom > $("#composer").getBoundingClientRect().top;
    if (covered) chip.scrollIntoView({ block: "center" });
  };
  // The gesture back, Esc and the button all go through the history, so that none of them leaves the page.
  const back = () => {
    const pushed = history.state?.source;
    close();
    if (pushed) history.back();
  };
  addEventListener("popstate", () => over() && close());
  wide.addEventListener("change", () => {
    if (panel.hidden || wide.matches) place();
    else only(null);
  });
  $("#back").addEventListener("click", back);
  // The bar grows where a family's letters are large: what stands below it knows how high it is.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--bar", `${$(".bar").offsetHeight}px`);
  }).observe($(".bar"));

  // The sources of a new answer: beside it they are there at once, over it only when a number is touched.
  const take = (sources) => {
    const known = (word) => [...opened.querySelectorAll(".word")].some((other) => other.id === word.id);
    for (const word of sources.querySelectorAll(".word")) if (known(word)) word.remove();
    for (const words of sources.querySelectorAll(".words")) if (!words.querySelector(".word")) words.remove();
    const there = sources.querySelector(".source");
    if (there) opened.append(sources);
    light(null);
    only(there && wide.matches ? sources : null);
    if (there && wide.matches) {
      const first = sources.querySelector("mark[id]");
      lead(sources, first);
      opened.scrollTop = 0;
      const below = first ? first.getBoundingClientRect().bottom - opened.getBoundingClientRect().bottom : 0;
      if (below > 0) opened.scrollTop = below + opened.clientHeight / 2;
    }
  };

  let asking = null;
  const make = (name, values, ...inside) => {
    const element = Object.assign(document.createElement(name), values);
    element.append(...inside);
    return element;
  };
  const explain = (link) => {
    const told = document.getElementById(link.hash.slice(1));
    if (!told) return;
    closeWord();
    asking = link;
    const words = spoken();
    const copy = told.cloneNode(true);
    copy.removeAttribute("id");
    // In the box the word heads a part of the page, not a part of the sources.
    const name = copy.querySelector("h4");
    name.replaceWith(make("h2", { textContent: name.textContent, lang: name.lang }));
    const box = make("section", { id: "word", tabIndex: -1 },
      make("button", { type: "button", textContent: words.close, onclick: () => closeWord(true) }),
      make("p", { className: "about", textContent: words.word }), copy);
    box.setAttribute("aria-label", `${words.word} ${link.textContent}`);
    $("#talk").append(box);
    box.focus({ preventScroll: true });
    const covered = link.getBoundingClientRect().bottom - box.getBoundingClientRect().top + 12;
    if (covered > 0) scrollBy({ top: covered });
  };
  const closeWord = (again) => {
    $("#word")?.remove();
    if (again) asking?.focus({ preventScroll: true });
  };
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || $("#care-sheet[open]")) return;
    if ($("#word")) closeWord(true);
    else if (over() || panel.contains(document.activeElement)) back();
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    if (/^#t\d+q\d+$/.test(link.hash)) open(link);
    else if (link.hash.startsWith("#w-")) explain(link);
    else return;
    event.preventDefault();
  });
  const showAll = () => only([...opened.children].pop() || null);
  return { take, closeWord, showAll, hide: () => only(null), kept: opened };
};
