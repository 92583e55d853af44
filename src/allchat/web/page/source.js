// A link such as /source/x#c10-20 asks for a mark. The server places marks, by offsets; this only asks it to.
(() => {
  const ask = () => {
    const span = /^#c(\d{1,9})-(\d{1,9})$/.exec(location.hash);
    const language = new URLSearchParams(location.search).get("lang");
    const said = language ? `&lang=${encodeURIComponent(language)}` : "";
    if (span) location.replace(`${location.pathname}?start=${span[1]}&end=${span[2]}${said}#marked`);
  };
  addEventListener("hashchange", ask);
  ask();
})();
