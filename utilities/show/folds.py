"""Keeps open what a reader has opened in an output that is shown anew, again and again.

A notebook puts each update in the place of all that was there, so a `<details>` would close ten times a
second. The script is in the first update only, from then on it watches the output; none is saved with the
notebook. It reads the text of summaries, to know one from another, and writes nothing but `open`.
"""

from __future__ import annotations

__all__ = ["KEEP_OPEN"]

KEEP_OPEN = """<script>
(() => {
  const output = document.currentScript && document.currentScript.parentElement;
  if (!output) return;
  const opened = new Set();
  const named = () => {  // by their summary; those of one text are numbered
    const seen = new Map(), names = new Map();
    for (const fold of output.querySelectorAll("details")) {
      const text = fold.querySelector("summary")?.textContent ?? "";
      seen.set(text, (seen.get(text) ?? 0) + 1);
      names.set(fold, seen.get(text) + " " + text);
    }
    return names;
  };
  output.addEventListener("toggle", event => {
    const name = named().get(event.target);
    if (name) event.target.open ? opened.add(name) : opened.delete(name);
  }, true);
  new MutationObserver(() => {
    for (const [fold, name] of opened.size ? named() : [])
      if (opened.has(name)) fold.open = true;
  }).observe(output, {childList: true, subtree: true});
})();
</script>"""
