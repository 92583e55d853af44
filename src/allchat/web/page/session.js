// Gradio names a page's session by Math.random, which can be foretold from a few of its numbers, and whoever knows the
// name may fetch the answer. From here on Math.random is the browser's generator for secrets.
(() => {
  const drawn = new Uint32Array(2);
  Math.random = () => {
    crypto.getRandomValues(drawn);
    return (drawn[0] * 2 ** 21 + (drawn[1] >>> 11)) / 2 ** 53;
  };
})();
